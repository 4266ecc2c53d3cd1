import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../..', import.meta.url))
const manifest = createRequire(import.meta.url)('../../package.json') as { devDependencies: Record<string, string> }

/** Somebody else's project, which has this package from the tarball that npm would publish. */
export type EmptyProject = {
  path: string
  /** Writes a file of the project. */
  write(file: string, content: string): void
  /** Runs a command in the project and returns its standard output. Rejects with what it printed where it fails. */
  run(command: string, ...args: string[]): Promise<string>
  /** Starts a command that goes on; the caller stops it. */
  start(command: string, ...args: string[]): ChildProcessByStdio<null, Readable, Readable>
}

const temporary = mkdtempSync(join(tmpdir(), 'scrip-package-'))
process.on('exit', () => rmSync(temporary, { recursive: true, force: true }))

let tarball: Promise<string> | undefined
const projects = new Map<string, Promise<EmptyProject>>()

/**
 * A project outside of this repository that has the package and `dependencies`, these in the versions that the package
 * is developed with. The same for all tests that ask for the same dependencies.
 */
export function emptyProject(...dependencies: string[]): Promise<EmptyProject> {
  const key = dependencies.join()
  const project = projects.get(key) ?? create(dependencies)
  projects.set(key, project)
  return project
}

async function create(dependencies: string[]): Promise<EmptyProject> {
  tarball ??= pack()
  const packed = await tarball
  const path = mkdtempSync(join(temporary, 'project-'))
  const project: EmptyProject = {
    path,
    write(file, content) {
      mkdirSync(dirname(join(path, file)), { recursive: true })
      writeFileSync(join(path, file), content)
    },
    run: (command, ...args) => execute(path, command, args),
    start: (command, ...args) =>
      spawn(command, args, { cwd: path, env: environment(path), stdio: ['ignore', 'pipe', 'pipe'] }),
  }
  project.write('package.json', JSON.stringify({ name: 'empty', private: true, type: 'module' }))
  const versions = dependencies.map((name) => `${name}@${manifest.devDependencies[name]}`)
  await project.run('npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', packed, ...versions)
  return project
}

/** Builds and packs the package as publishing it would. */
async function pack(): Promise<string> {
  await execute(root, 'npm', ['pack', '--pack-destination', temporary])
  const file = readdirSync(temporary).find((name) => name.endsWith('.tgz'))
  if (file === undefined) throw new Error('npm pack made no tarball')
  return join(temporary, file)
}

async function execute(cwd: string, command: string, args: string[]): Promise<string> {
  try {
    const options = { cwd, env: environment(cwd), encoding: 'utf8', maxBuffer: 2 ** 26 } as const
    return (await promisify(execFile)(command, args, options)).stdout
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error })
  }
}

/** The environment of a command in another project: what npm and the test runner say of this one must not reach it. */
function environment(cwd: string): NodeJS.ProcessEnv {
  const ours = /^(npm_(package|lifecycle|command|execpath|node_execpath|config_local_prefix)|NODE_OPTIONS$|INIT_CWD$)/
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)))
  const path = (env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.startsWith(root))
  env['PATH'] = [join(cwd, 'node_modules', '.bin'), dirname(process.execPath), ...path].join(delimiter)
  return env
}
