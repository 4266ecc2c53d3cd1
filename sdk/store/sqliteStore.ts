import { chmodSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { ScripError } from '../errors/ScripError.ts'
import type { Change, Store } from './Store.ts'

type Pending = { changes: readonly Change[]; resolve: () => void; reject: (error: ScripError) => void }

/**
 * A store in one file, on the SQLite that Node brings. A write resolves after the file was flushed to the disk; writes
 * that arrive together share one flush. The file is made readable by its owner only: it holds the seeds of hash chains.
 *
 * @throws `STORE_FAILED` where the file cannot be opened, or is open in another process.
 */
export function sqliteStore(path: string): Store {
  const database = open(path)
  const statements = prepare(database)
  let pending: Pending[] = []

  const flush = () => {
    const batch = pending
    pending = []
    try {
      database.exec('BEGIN IMMEDIATE')
      try {
        for (const { changes } of batch) for (const change of changes) apply(statements, change)
        database.exec('COMMIT')
      } catch (error) {
        database.exec('ROLLBACK')
        throw error
      }
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
    },
  }
}

function open(path: string): DatabaseSync {
  try {
    const database = new DatabaseSync(path)
    if (path !== ':memory:') chmodSync(path, 0o600)
    // FULL flushes the log at every commit. EXCLUSIVE keeps a second process from spending the same channels.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA locking_mode = EXCLUSIVE')
    database.exec(
      'CREATE TABLE IF NOT EXISTS records (tab TEXT, key TEXT, record TEXT NOT NULL, PRIMARY KEY (tab, key)) WITHOUT ROWID',
    )
    return database
  } catch (cause) {
    throw storeFailed(path, cause)
  }
}

type Statements = { get: StatementSync; all: StatementSync; put: StatementSync; remove: StatementSync; clear: StatementSync }

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
  const busy = cause instanceof Error && cause.message.includes('locked')
  return new ScripError('STORE_FAILED', {
    detail: busy ? `Another process uses the store ${path}` : `The store ${path} failed: ${String(cause)}`,
    ...(busy && { hint: 'Stop the other process, or give this one a store of its own with --store.' }),
    values: { path },
    cause,
  })
}
