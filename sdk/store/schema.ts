import type { DatabaseSync } from 'node:sqlite'
import { ScripError } from '../errors/ScripError.ts'

/** What the header of every store says, so that another program's database is not taken for one: `Scrp`. */
const APPLICATION_ID = 0x53637270

/**
 * What makes a store of each version out of one of the version before, the first out of an empty file. Stores are out
 * there: a step that was once published never changes; a new one is added below it.
 */
export const STEPS: readonly string[] = [
  // Stores made before versions were counted have that table already.
  `CREATE TABLE IF NOT EXISTS records (tab TEXT, key TEXT, record TEXT NOT NULL, PRIMARY KEY (tab, key)) WITHOUT ROWID;
   PRAGMA application_id = ${APPLICATION_ID}`,
]

/**
 * Brings a store to the newest version, one transaction a step: whoever is killed leaves the version before a step or the
 * one after it.
 * @throws `STORE_FAILED` where it is of a newer version, or no store
 */
export function migrate(database: DatabaseSync, path: string, steps: readonly string[] = STEPS): void {
  for (let version = versionOf(database, path, steps.length); version < steps.length; version++) {
    inTransaction(database, () => {
      database.exec(`${steps[version]}; PRAGMA user_version = ${version + 1}`)
    })
  }
}

/**
 * The version of a store, 0 for an empty file.
 * @throws `STORE_FAILED` where it is newer than `newest`, or another program's
 */
export function versionOf(database: DatabaseSync, path: string, newest = STEPS.length): number {
  const application = numberIn(database, 'application_id')
  const version = numberIn(database, 'user_version')
  if (application !== APPLICATION_ID && !(application === 0 && version === 0 && isUnmarked(database))) {
    throw new ScripError('STORE_FAILED', {
      detail: `${path} is the database of another program.`,
      hint: 'Name another file with --store; this one was left as it is.',
      values: { path },
    })
  }
  if (version > newest) {
    throw new ScripError('STORE_FAILED', {
      detail: `The store ${path} has version ${version}; this program knows ${newest} at most.`,
      hint: 'Use the version of @scrip/sdk that wrote it, or a newer one; the store was left as it is.',
      values: { path, version, newest },
    })
  }
  return version
}

/** @throws `STORE_FAILED` where a store is of an older version, which only its owner can change */
export function checkCurrent(database: DatabaseSync, path: string): void {
  const version = versionOf(database, path)
  if (version === STEPS.length) return
  throw new ScripError('STORE_FAILED', {
    detail: `The store ${path} has version ${version}; this program reads ${STEPS.length}.`,
    hint: 'Start what owns the store once with this version of the program: that brings it up to date.',
    values: { path, version, newest: STEPS.length },
  })
}

/** Carries out all of some work or none of it. */
export function inTransaction(database: DatabaseSync, work: () => void): void {
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

/** Whether a file is empty, or a store from before stores were marked. */
function isUnmarked(database: DatabaseSync): boolean {
  const columns = database.prepare(
    'SELECT s.name AS tab, c.name FROM sqlite_schema AS s LEFT JOIN pragma_table_info(s.name) AS c ORDER BY s.name, c.cid',
  )
  const names = columns.all().map(({ tab, name }) => `${tab}.${name}`)
  return ['', 'records.tab records.key records.record'].includes(names.join(' '))
}

function numberIn(database: DatabaseSync, pragma: string): number {
  return Number(database.prepare(`PRAGMA ${pragma}`).get()?.[pragma])
}
