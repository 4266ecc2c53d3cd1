import { chmodSync, closeSync, existsSync, mkdirSync, openSync, realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { ScripError } from '../errors/ScripError.ts'
import { decode, encode } from './encoding.ts'
import type { Change, Store } from './Store.ts'

/** Settings of `sqliteStore`. */
export type SqliteStoreOptions = {
  /** Only reads, beside the process that owns the store. */
  readOnly?: boolean
}

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
 * made readable by its owner only: it holds the seeds of hash chains.
 *
 * @throws `STORE_FAILED` where the file cannot be opened, or another process owns it.
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
  let pending: Pending[] = []
  let closed = false

  const flush = () => {
    const batch = pending
    pending = []
    let failure: ScripError | undefined
    try {
      inTransaction(database, () => {
        for (const { rows } of batch) for (const row of rows) apply(statements, row)
      })
    } catch (cause) {
      failure = storeFailed(path, cause)
    }
    for (const write of batch) {
      const error = write.failure ?? failure
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

  return {
    async get<Record extends object>(table: string, key: string) {
      return read(() => {
        const row = statements.get.get(table, key)
        return row === undefined ? undefined : (decode(String(row['record'])) as Record)
      })
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
  let lock: DatabaseSync | undefined
  try {
    mkdirSync(dirname(path), { recursive: true })
    create(path)
    // Beside the file itself: two links to one store must not make two owners.
    const lockPath = `${realpathSync(path)}.lock`
    create(lockPath)
    lock = new DatabaseSync(lockPath)
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    return lock
  } catch (cause) {
    lock?.close()
    if (!String(cause).includes('locked')) throw storeFailed(path, cause)
    throw new ScripError('STORE_FAILED', {
      detail: `Another process uses the store ${path}.`,
      hint: 'Stop it, or give this one a store of its own with --store.',
      values: { path },
      cause,
    })
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
  const database = new DatabaseSync(path, { readOnly })
  if (readOnly) return database
  // FULL flushes the log at every commit: what was acknowledged survives a power loss.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  database.exec(
    'CREATE TABLE IF NOT EXISTS records (tab TEXT, key TEXT, record TEXT NOT NULL, PRIMARY KEY (tab, key)) WITHOUT ROWID',
  )
  // Only now that it is known to be a store: whatever else was named by mistake keeps its mode.
  const file = realpathSync(path)
  for (const part of [file, `${file}-wal`, `${file}-shm`, `${file}.lock`]) if (existsSync(part)) chmodSync(part, 0o600)
  return database
}

function inTransaction(database: DatabaseSync, work: () => void): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    work()
    database.exec('COMMIT')
  } catch (error) {
    try {
      database.exec('ROLLBACK')
    } catch {
      // A disk that is full or broken may have rolled back by itself.
    }
    throw error
  }
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

function storeFailed(path: string, cause: unknown): ScripError {
  return new ScripError('STORE_FAILED', {
    detail: `The store ${path} failed: ${cause instanceof Error ? cause.message : String(cause)}.`,
    values: { path },
    cause,
  })
}
