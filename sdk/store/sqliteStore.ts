import { chmodSync, existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { ScripError } from '../errors/ScripError.ts'
import type { Change, Store } from './Store.ts'

/** Settings of `sqliteStore`. */
export type SqliteStoreOptions = {
  /** Only reads, beside the process that owns the store. */
  readOnly?: boolean
}

type Pending = { changes: readonly Change[]; resolve: () => void; reject: (error: ScripError) => void }

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
  const owner = readOnly ? undefined : own(path)
  const database = open(path, readOnly)
  const statements = prepare(database)
  let pending: Pending[] = []

  const flush = () => {
    const batch = pending
    pending = []
    try {
      inTransaction(database, () => {
        for (const { changes } of batch) for (const change of changes) apply(statements, change)
      })
    } catch (cause) {
      const error = storeFailed(path, cause)
      for (const { reject } of batch) reject(error)
      return
    }
    for (const { resolve } of batch) resolve()
  }

  return {
    async get<Record extends object>(table: string, key: string) {
      const row = statements.get.get(table, key)
      return row === undefined ? undefined : (decode(String(row['record'])) as Record)
    },
    async all<Record extends object>(table: string) {
      return statements.all.all(table).map((row) => decode(String(row['record'])) as Record)
    },
    write(changes) {
      return new Promise((resolve, reject) => {
        if (pending.length === 0) setImmediate(flush)
        pending.push({ changes, resolve, reject })
      })
    },
    async close() {
      if (pending.length > 0) flush()
      database.close()
      owner?.close()
    },
  }
}

/** Takes the store for this process until it closes it or ends, however it ends. */
function own(path: string): DatabaseSync {
  try {
    mkdirSync(dirname(path), { recursive: true })
    const lock = new DatabaseSync(`${path}.lock`)
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    return lock
  } catch (cause) {
    if (!String(cause).includes('locked')) throw storeFailed(path, cause)
    throw new ScripError('STORE_FAILED', {
      detail: `Another process uses the store ${path}.`,
      hint: 'Stop it, or give this one a store of its own with --store.',
      values: { path },
      cause,
    })
  }
}

function open(path: string, readOnly: boolean): DatabaseSync {
  try {
    const database = new DatabaseSync(path, { readOnly })
    if (readOnly) return database
    chmodSync(path, 0o600)
    // FULL flushes the log at every commit: what was acknowledged survives a power loss.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    database.exec(
      'CREATE TABLE IF NOT EXISTS records (tab TEXT, key TEXT, record TEXT NOT NULL, PRIMARY KEY (tab, key)) WITHOUT ROWID',
    )
    return database
  } catch (cause) {
    throw storeFailed(path, cause)
  }
}

function inTransaction(database: DatabaseSync, work: () => void): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    work()
    database.exec('COMMIT')
  } catch (error) {
    database.exec('ROLLBACK')
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

function apply(statements: Statements, change: Change): void {
  if ('clear' in change) statements.clear.run(change.table)
  else if ('remove' in change) statements.remove.run(change.table, change.key)
  else statements.put.run(change.table, change.key, encode(change.record))
}

/** JSON in which a bigint is an object with one member, `bigint`. */
function encode(record: object): string {
  return JSON.stringify(record, (_, value) => (typeof value === 'bigint' ? { bigint: value.toString() } : value))
}

function decode(text: string): unknown {
  return JSON.parse(text, (_, value) => (typeof value?.bigint === 'string' ? BigInt(value.bigint) : value))
}

function storeFailed(path: string, cause: unknown): ScripError {
  return new ScripError('STORE_FAILED', {
    detail: `The store ${path} failed: ${cause instanceof Error ? cause.message : String(cause)}.`,
    values: { path },
    cause,
  })
}
