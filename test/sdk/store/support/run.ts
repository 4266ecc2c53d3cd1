import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

/** A script in a process of its own, and what it printed. */
export type Running = {
  readonly child: ChildProcessByStdio<Writable, Readable, null>
  /** The lines printed so far, but not the last where it was cut off. */
  readonly lines: string[]
  /** Resolves with the line of that number, or fails when the process ends before it. */
  line(number: number): Promise<string>
  /** Resolves when the process has ended, however it did, and all it printed is read. */
  readonly closed: Promise<unknown>
  /** Ends the process at once, without a chance to clean up, and waits until all it printed is read. */
  kill(): Promise<void>
  /** Waits until the process ends by itself; fails where it ends badly. */
  end(): Promise<void>
}

/** Runs a script of a test's own with Node, after a line of sh in the same process where there is one. */
export function run(script: URL, parameters: readonly string[], shell?: string): Running {
  const command = [process.execPath, '--conditions=source', fileURLToPath(script), ...parameters]
  const [file, ...rest] = shell === undefined ? command : ['/bin/sh', '-c', `${shell}; exec "$@"`, 'sh', ...command]
  // The start of a process is most of what these tests cost.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'scrip-compile-cache') }
  const child = spawn(file as string, rest, { stdio: ['pipe', 'pipe', 'inherit'], env })
  const lines: string[] = []
  const waiting = new Set<() => void>()
  let ended = false
  const wake = () => {
    for (const look of waiting) look()
  }
  // A process that was killed reads no more of what it was sent.
  child.stdin.on('error', () => {})
  const reader = createInterface({ input: child.stdout })
  // What follows the last newline was cut off when the process was killed: it acknowledges nothing.
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk
  })
  reader.on('line', (line) => {
    lines.push(line)
    wake()
  })
  const closed = once(child, 'close').then(([status, signal]) => {
    if (text !== '' && !text.endsWith('\n')) lines.pop()
    ended = true
    wake()
    return { status, signal }
  })
  return {
    child,
    lines,
    closed,
    line: (number) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const line = lines[number]
          if (line === undefined && !ended) return
          waiting.delete(look)
          if (line === undefined) reject(new Error(`The process ended before it printed line ${number}.`))
          else resolve(line)
        }
        waiting.add(look)
        look()
      }),
    kill: async () => {
      child.kill('SIGKILL')
      await closed
    },
    end: async () => {
      const { status, signal } = await closed
      if (status !== 0) throw new Error(`The process ended with ${signal ?? status}.`)
    },
  }
}
