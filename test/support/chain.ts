import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A chain in a process of its own, at a port that was free. */
export type LocalChain = {
  url: string
  stop(): Promise<void>
}

const binaries = new URL('../../node_modules/.bin/', import.meta.url)
const startTimeout = 60_000
const running = new Set<ChildProcess>()

// However this process ends, no chain outlives it.
process.on('exit', () => running.forEach(kill))
for (const [signal, status] of Object.entries({ SIGTERM: 143, SIGHUP: 129 })) process.on(signal, () => process.exit(status))

/** Foundry's chain. It has the deterministic deployment proxy from the start unless it is told otherwise. */
export function startAnvil(...options: string[]): Promise<LocalChain> {
  return start('anvil', ['--host', '127.0.0.1', '--port', '0', ...options], /Listening on (\S+)/)
}

/** Hardhat's chain. */
export function startHardhatNode(): Promise<LocalChain> {
  return start('hardhat', ['node', '--hostname', '127.0.0.1', '--port', '0'], /JSON-RPC server at http:\/\/([^/\s]+)/)
}

/** Starts the command and reads from its output where it listens. */
async function start(command: string, args: string[], listening: RegExp): Promise<LocalChain> {
  // A group of its own, because both commands start the chain as a child of theirs, which must end with them.
  const child = spawn(fileURLToPath(new URL(command, binaries)), args, { detached: true })
  running.add(child)
  const ended = once(child, 'exit').finally(() => running.delete(child))
  const stop = async () => {
    kill(child)
    await ended
  }

  let output = ''
  const timer = setTimeout(() => kill(child), startTimeout)
  try {
    const address = await new Promise<string>((resolve, reject) => {
      const read = (chunk: Buffer) => {
        output += chunk
        const found = listening.exec(output)?.[1]
        if (found !== undefined) resolve(found)
      }
      child.stdout.on('data', read)
      child.stderr.on('data', read)
      child.on('error', reject)
      ended.then(() => reject(new Error(`${command} ended before it listened:\n${output}`)), reject)
    })
    return { url: `http://${address}`, stop }
  } finally {
    clearTimeout(timer)
  }
}

function kill({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
