import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { delimiter, dirname, join, resolve } from 'node:path'
import { ScripError } from '../errors/ScripError.ts'

/** Which program runs a local chain. */
export type LocalChainKind = 'hardhat' | 'anvil'

/** A chain in a process of its own. */
export type LocalChain = {
  readonly url: string
  /** Resolves when the chain has ended, stopped or not. */
  readonly ended: Promise<void>
  stop(): Promise<void>
}

/** The accounts that both programs give coins to. Public: worth nothing anywhere else. */
export const DEV_MNEMONIC = 'test test test test test test test test test test test junk'

const HOST = '127.0.0.1'
const START_MILLISECONDS = 60_000

const programs: Record<LocalChainKind, { options: readonly string[]; listening: RegExp }> = {
  hardhat: { options: ['node', '--hostname', HOST], listening: /JSON-RPC server at http:\/\/([^/\s]+)/ },
  anvil: { options: ['--host', HOST], listening: /Listening on (\S+)/ },
}

const running = new Set<ChildProcess>()
process.on('exit', () => running.forEach(kill))

/**
 * Starts a chain; a port of 0 takes a free one. It ends when it is stopped, and with this process.
 * @throws `PORT_IN_USE`, `NOT_INSTALLED`, `PROGRAM_FAILED`
 */
export async function startLocalChain({
  kind,
  port,
  options = [],
}: {
  kind: LocalChainKind
  port: number
  /** Further options of the program. */
  options?: readonly string[]
}): Promise<LocalChain> {
  const { options: fixed, listening } = programs[kind]
  const program = findProgram(kind)
  await requireFreePort(port)
  // A group of its own: both programs run the chain as a child of theirs, which must end with them.
  const child = spawn(program, [...fixed, '--port', `${port}`, ...options], { detached: true, env: withThisNode() })
  running.add(child)
  // Closed, not exited: then no child of the program that runs the chain is left either.
  const ended = once(child, 'close')
    .then(() => {})
    .finally(() => running.delete(child))
  const stop = async () => {
    kill(child)
    await ended
  }

  let output = ''
  const timer = setTimeout(() => kill(child), START_MILLISECONDS)
  try {
    const address = await new Promise<string>((found, fail) => {
      const read = (chunk: Buffer) => {
        output += chunk
        const match = listening.exec(output)?.[1]
        if (match !== undefined) found(match)
      }
      child.stdout.on('data', read)
      child.stderr.on('data', read)
      child.on('error', fail)
      ended.then(
        () => fail(new ScripError('PROGRAM_FAILED', { detail: `${kind} ended before it listened: ${output.trim()}` })),
        fail,
      )
    })
    return { url: `http://${address}`, ended, stop }
  } finally {
    clearTimeout(timer)
    // Read on, or the chain would block once nobody takes its log; keep none of it.
    child.stdout.removeAllListeners('data').resume()
    child.stderr.removeAllListeners('data').resume()
  }
}

/** Hardhat where this folder is a Hardhat project, anvil elsewhere. */
export function defaultChainKind(): LocalChainKind {
  const isProject = ['ts', 'js', 'mts', 'mjs'].some((ending) => existsSync(`hardhat.config.${ending}`))
  return isProject ? 'hardhat' : 'anvil'
}

/** The program's file: installed here or in a folder above, or on the path. */
function findProgram(kind: LocalChainKind): string {
  const folders: string[] = []
  for (let folder = resolve('.'); ; folder = dirname(folder)) {
    folders.push(join(folder, 'node_modules', '.bin'))
    if (folder === dirname(folder)) break
  }
  folders.push(...(process.env['PATH'] ?? '').split(delimiter))
  const found = folders.map((folder) => join(folder, kind)).find(existsSync)
  if (found !== undefined) return found
  throw new ScripError('NOT_INSTALLED', {
    detail: `There is no ${kind} to run a local chain.`,
    hint: `Run \`npm install --save-dev ${kind === 'anvil' ? '@foundry-rs/anvil' : 'hardhat'}\`, or choose another with --chain.`,
    values: { kind },
  })
}

/** The environment, with the Node that runs this before any other: a machine's own may be too old for Hardhat. */
function withThisNode(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter) }
}

async function requireFreePort(port: number): Promise<void> {
  const probe = createServer()
  probe.listen(port, HOST)
  try {
    await once(probe, 'listening')
  } catch (cause) {
    throw new ScripError('PORT_IN_USE', { detail: `Port ${port} is taken.`, values: { port }, cause })
  }
  probe.close()
  await once(probe, 'close')
}

function kill({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
