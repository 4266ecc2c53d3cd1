import { chmodSync, closeSync, existsSync, mkdirSync, openSync, realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { ScripError } from '../errors/ScripError.ts'
import { createVersions } from './createVersions.ts'
import { decode, encode } from './encoding.ts'
import type { Change, Store } from './Store.ts'
import { checkCurrent, inTransaction, migrate, versionOf } from './schema.ts'
import { storeFailed } from './storeFailed.ts'

/** Settings of `sqliteStore`. */
export type SqliteStoreOptions = {
  /** Only reads, beside the process that owns the store. */
  readOnly?: boolean
}

/** Milliseconds to wait for a reader that comes or goes at this moment. */
const PATIENCE = 1_000

/** A change as the table takes it; `text` is the record. */
type Row = { readonly change: Change; readonly text?: string }

/** A write that waits for the next flush; one whose records cannot be written only waits for its turn to fail. */
type Pending = {
  readonly rows: readonly Row[]
  readonly failure?: ScripError
  readonly resolve: () => void
  readonly reject: (error: ScripError) => void
}

/**
 * A store in one file, on the SQLite that Node brings. A write resolves after the file was flushed to the disk; writes
 * that arrive together share one flush. One process at a time owns a store: two would spend the same channels. The file is
 * made readable by its owner only: it holds the seeds of hash chains. A store that an older version of this program made
 * is brought up to date.
 *
 * @throws `STORE_FAILED` where the file cannot be opened, another process owns it, it is no store, or a newer version of
 * this program made it. What the file holds is as it was then.
 */
export function sqliteStore(path: string, { readOnly = false }: SqliteStoreOptions = {}): Store {
  if (readOnly && !existsSync(path)) {
    throw new ScripError('STORE_FAILED', {
      detail: `There is no store at ${path}.`,
      hint: 'Check --store.',
      values: { path },
    })
  }
  const { database, statements, release } = take(path, readOnly)
  // One process owns the file, so nobody else could know a version.
  const versions = createVersions()
  let pending: Pending[] = []
  let closed = false

  const flush = () => {
    const batch = pending
    pending = []
    let failure: ScripError | undefined
    const late = new Map<Pending, ScripError>()
    try {
      inTransaction(database, () => {
        for (const write of batch) {
          try {
            versions.advance(write.rows.map(({ change }) => change))
          } catch (error) {
            late.set(write, error as ScripError)
            continue
          }
          for (const row of write.rows) apply(statements, row)
        }
      })
      versions.keep()
    } catch (cause) {
      versions.undo()
      failure = storeFailed(path, cause)
    }
    for (const write of batch) {
      const error = write.failure ?? failure ?? late.get(write)
      if (error === undefined) write.resolve()
      else write.reject(error)
    }
  }

  const read = <Result>(work: () => Result): Result => {
    try {
      return work()
    } catch (cause) {
      throw storeFailed(path, cause)
    }
  }

  const get = <Record extends object>(table: string, key: string): Record | undefined =>
    read(() => {
      const row = statements.get.get(table, key)
      return row === undefined ? undefined : (decode(String(row['record'])) as Record)
    })

  return {
    async get<Record extends object>(table: string, key: string) {
      return get<Record>(table, key)
    },
    async getMany<Record extends object>(table: string, keys: readonly string[]) {
      return keys.map((key) => get<Record>(table, key))
    },
    async read<Record extends object>(table: string, key: string) {
      const record = get<Record>(table, key)
      return { ...(record && { record }), version: versions.of(table, key) }
    },
    async all<Record extends object>(table: string) {
      return read(() => statements.all.all(table).map((row) => decode(String(row['record'])) as Record))
    },
    write(changes) {
      return new Promise((resolve, reject) => {
        if (pending.length === 0) setImmediate(flush)
        try {
          // Written down now: what the caller does to its records later is its own affair.
          pending.push({ rows: changes.map(toRow), resolve, reject })
        } catch (cause) {
          pending.push({ rows: [], failure: storeFailed(path, cause), resolve, reject })
        }
      })
    },
    async close() {
      if (closed) return
      closed = true
      if (pending.length > 0) flush()
      database.close()
      release()
    },
  }
}

type Taken = { database: DatabaseSync; statements: Statements; release: () => void }

/** Opens the file, as its owner unless it is only read. */
function take(path: string, readOnly: boolean): Taken {
  const owner = readOnly ? undefined : own(path)
  try {
    const database = open(path, readOnly)
    return { database, statements: prepare(database), release: () => owner?.close() }
  } catch (cause) {
    owner?.close()
    throw storeFailed(path, cause)
  }
}

/** Takes the store for this process until it closes it or ends, however it ends. */
function own(path: string): DatabaseSync {
  let lock: DatabaseSync
  try {
    mkdirSync(dirname(path), { recursive: true })
    // Before anything is made beside it: what was named by mistake is left alone.
    if (existsSync(path)) inspect(path)
    create(path)
    // Beside the file itself: two links to one store must not make two owners.
    const lockPath = `${realpathSync(path)}.lock`
    create(lockPath)
    lock = new DatabaseSync(lockPath)
  } catch (cause) {
    throw storeFailed(path, cause)
  }
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    return lock
  } catch (cause) {
    lock.close()
    if (!String(cause).includes('locked')) throw storeFailed(path, cause)
    throw new ScripError('STORE_FAILED', {
      detail: `Another process uses the store ${path}.`,
      hint: 'Stop it, or give this one a store of its own with --store.',
      values: { path },
      cause,
    })
  }
}

/** @throws where a file is not a store that this program knows; it is only read. */
function inspect(path: string): void {
  if (!statSync(path).isFile()) throw Object.assign(new Error('it is not a file'), { code: 'EISDIR' })
  const database = new DatabaseSync(path, { readOnly: true, timeout: PATIENCE })
  try {
    versionOf(database, path)
  } finally {
    database.close()
  }
}

/**
 * Makes a file that only its owner can read, where there is none. One that is there is not opened: closing it again would
 * end the locks that SQLite holds on it in this process.
 */
function create(path: string): void {
  if (!existsSync(path)) closeSync(openSync(path, 'wx', 0o600))
}

function open(path: string, readOnly: boolean): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly, timeout: PATIENCE })
  try {
    if (readOnly) checkCurrent(database, path)
    else setUp(database, path)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function setUp(database: DatabaseSync, path: string): void {
  // FULL flushes the log at every commit: what was acknowledged survives a power loss.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  migrate(database, path)
  // Only now that it is known to be a store: whatever else was named by mistake keeps its mode.
  const file = realpathSync(path)
  for (const part of [file, `${file}-wal`, `${file}-shm`, `${file}.lock`]) if (existsSync(part)) chmodSync(part, 0o600)
}

type Statements = {
  get: StatementSync
  all: StatementSync
  put: StatementSync
  remove: StatementSync
  clear: StatementSync
}

function prepare(database: DatabaseSync): Statements {
  return {
    get: database.prepare('SELECT record FROM records WHERE tab = ? AND key = ?'),
    all: database.prepare('SELECT record FROM records WHERE tab = ? ORDER BY key'),
    put: database.prepare(
      'INSERT INTO records (tab, key, record) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET record = excluded.record',
    ),
    remove: database.prepare('DELETE FROM records WHERE tab = ? AND key = ?'),
    clear: database.prepare('DELETE FROM records WHERE tab = ?'),
  }
}

function toRow(change: Change): Row {
  return 'record' in change ? { change, text: encode(change.record) } : { change }
}

function apply(statements: Statements, { change, text }: Row): void {
  if ('clear' in change) statements.clear.run(change.table)
  else if (text === undefined) statements.remove.run(change.table, change.key)
  else statements.put.run(change.table, change.key, text)
}
