import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'

/** How a command ended, and what it printed. */
export type Ended = { status: number | null; stdout: string; stderr: string }

/** A command that runs. */
export type Running = {
  child: ChildProcess
  /** What it printed so far. */
  printed: { stdout: string; stderr: string }
  ended: Promise<Ended>
  /** The data of its first line. Rejects where it ends before. */
  ready<Data>(): Promise<Data>
  /** What the first group of a pattern matches in its standard output. Rejects where it ends before. */
  saying(pattern: RegExp): Promise<string>
}

/** Somebody who types `scrip`: a folder of one's own, and what the environment says. */
export type Typist = {
  folder: string
  /** Runs a command to its end. */
  run(words: readonly string[], environment?: NodeJS.ProcessEnv): Promise<Ended>
  /** Runs a command that is expected to succeed, and returns its data. */
  data<Data>(words: readonly string[], environment?: NodeJS.ProcessEnv): Promise<Data>
  /** Starts a command that goes on. */
  start(words: readonly string[], environment?: NodeJS.ProcessEnv): Running
  /** Ends what still runs, and removes the folder. */
  leave(): Promise<void>
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const manifest = createRequire(import.meta.url)('../../package.json') as Record<
  'dependencies' | 'devDependencies',
  Record<string, string>
>
let bundle: string | undefined
const everybody = new Set<ChildProcess>()
process.on('exit', () => everybody.forEach((child) => void child.kill('SIGTERM')))

/**
 * The program with viem in one file, made anew for every run of the tests: most of a short command's time is the loading of
 * viem's 400. As it is, `test/e2e/cli/twoTerminals.test.ts` runs it, and as it is installed, the tests of the package.
 */
function program(): string {
  if (bundle !== undefined) return bundle
  // As deep below the root as the program is, which finds package.json from there.
  const folder = join(root, 'cache', `scrip-${process.pid}`)
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const packages = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
  buildSync({
    entryPoints: [join(root, 'sdk', 'cli', 'index.ts')],
    outdir: folder,
    bundle: true,
    // What the program loads later stays apart, so that Node keeps it compiled.
    splitting: true,
    platform: 'node',
    format: 'esm',
    external: packages.filter((name) => name !== 'viem'),
  })
  bundle = join(folder, 'index.js')
  return bundle
}

/** Somebody in an empty folder, with nothing of ours in the environment but what is given. */
export function newTypist(environment: NodeJS.ProcessEnv = {}): Typist {
  const folder = mkdtempSync(join(tmpdir(), 'scrip-cli-'))
  const running = new Set<Running>()
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SCRIP_')))

  const start = (words: readonly string[], more: NodeJS.ProcessEnv = {}): Running => {
    const child = spawn(process.execPath, [program(), ...words], {
      cwd: folder,
      env: { ...clean, SCRIP_HOME: join(folder, 'home'), ...environment, ...more },
    })
    everybody.add(child)
    const printed = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        printed[name] += text
      })
    }
    const ended = once(child, 'close').then(([status]) => ({ status, ...printed }))
    const saying = async (pattern: RegExp): Promise<string> => {
      for (;;) {
        const match = pattern.exec(printed.stdout)?.[1]
        if (match !== undefined) return match
        const over = await Promise.race([ended, once(child.stdout, 'data').then(() => undefined)])
        if (over !== undefined) throw new Error(`scrip ${words.join(' ')} ended (${over.status}): ${over.stderr}`)
      }
    }
    const ready = async <Data>(): Promise<Data> => JSON.parse(await saying(/^(.*)\n/))
    const command = { child, printed, ended, ready, saying }
    running.add(command)
    ended.then(() => {
      running.delete(command)
      everybody.delete(child)
    })
    return command
  }
  const run: Typist['run'] = (words, more) => start(words, more).ended

  return {
    folder,
    run,
    start,
    data: async (words, more) => {
      const { status, stdout, stderr } = await run([...words, '--json'], more)
      if (status !== 0) throw new Error(`scrip ${words.join(' ')} failed: ${stderr}`)
      return JSON.parse(stdout)
    },
    leave: async () => {
      for (const { child } of running) child.kill('SIGTERM')
      await Promise.all([...running].map(({ ended }) => ended))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
