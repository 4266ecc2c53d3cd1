import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'

/** How a command ended, and what it printed. */
export type Ended = { status: number | null; stdout: string; stderr: string }

/** A command for a process that runs one after another. */
export type Order = { words: readonly string[]; folder: string; environment: NodeJS.ProcessEnv }

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
  /** Runs a command to its end in a process that is there already: much quicker, where it is not the process that matters. */
  quick(words: readonly string[], environment?: NodeJS.ProcessEnv): Promise<Ended>
  /** Runs a command that is expected to succeed, and returns its data. */
  data<Data>(words: readonly string[], environment?: NodeJS.ProcessEnv): Promise<Data>
  /** The same in a process that is there already. */
  quickData<Data>(words: readonly string[], environment?: NodeJS.ProcessEnv): Promise<Data>
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
    conditions: ['source'],
    external: packages.filter((name) => name !== 'viem'),
  })
  bundle = join(folder, 'index.js')
  return bundle
}

/** The data that a command printed. Throws where it failed. */
function read<Data>(words: readonly string[], { status, stdout, stderr }: Ended): Data {
  if (status !== 0) throw new Error(`scrip ${words.join(' ')} failed: ${stderr}`)
  return JSON.parse(stdout)
}

/** A process that runs commands one after another. */
type Clerk = { child: ChildProcess; run(order: Order): Promise<Ended> }

const CLERKS = 2
const clerkProgram = fileURLToPath(new URL('clerk.ts', import.meta.url))

function openClerk(): Clerk {
  const child = fork(clerkProgram, { execArgv: ['--conditions=source'] })
  everybody.add(child)
  const gone = once(child, 'exit').then(() => Promise.reject(new Error('A process that runs commands ended.')))
  gone.catch(() => {})
  const answer = async () => (await Promise.race([once(child, 'message'), gone]))[0]
  let turn: Promise<unknown> = answer()
  const run = (order: Order): Promise<Ended> => {
    const ended = turn.then(() => {
      child.send(order)
      return answer()
    })
    turn = ended
    return ended
  }
  return { child, run }
}

/** Somebody in an empty folder, with nothing of ours in the environment but what is given. */
export function newTypist(environment: NodeJS.ProcessEnv = {}): Typist {
  const folder = mkdtempSync(join(tmpdir(), 'scrip-cli-'))
  const running = new Set<Running>()
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SCRIP_')))

  const environmentWith = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
    ...clean,
    SCRIP_HOME: join(folder, 'home'),
    ...environment,
    ...more,
  })

  const start = (words: readonly string[], more?: NodeJS.ProcessEnv): Running => {
    const child = spawn(process.execPath, [program(), ...words], {
      cwd: folder,
      env: environmentWith(more),
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
  const clerks: Clerk[] = []
  let orders = 0
  const quick: Typist['quick'] = (words, more) => {
    const index = orders++ % CLERKS
    const clerk = clerks[index] ?? openClerk()
    clerks[index] = clerk
    return clerk.run({ words, folder, environment: environmentWith(more) })
  }

  return {
    folder,
    run,
    quick,
    start,
    data: async (words, more) => read(words, await run([...words, '--json'], more)),
    quickData: async (words, more) => read(words, await quick([...words, '--json'], more)),
    leave: async () => {
      for (const { child } of clerks) child.kill()
      for (const { child } of running) child.kill('SIGTERM')
      await Promise.all([...running].map(({ ended }) => ended))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
