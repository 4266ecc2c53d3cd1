/**
 * Brings a store to a version that is not published yet, and is killed on the way: `migrator.ts <path> <call>`. The steps
 * call `moment()` for each record and between their statements; the process ends itself at the call of that number, 0 for
 * never. Prints how many calls there were.
 */
import { writeSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { migrate, STEPS } from '../../../../sdk/store/schema.ts'

const [path = '', last = '0'] = process.argv.slice(2)
const database = new DatabaseSync(path)
let calls = 0
database.function('moment', () => {
  calls++
  if (calls === Number(last)) process.kill(process.pid, 'SIGKILL')
  return calls
})
// So few pages in memory that a step writes to the log long before it commits.
database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = 8')
try {
  migrate(database, path, [
    ...STEPS,
    `SELECT moment();
     ALTER TABLE records RENAME TO before;
     CREATE TABLE records (tab TEXT, key TEXT, record TEXT NOT NULL, size INTEGER, PRIMARY KEY (tab, key)) WITHOUT ROWID;
     INSERT INTO records SELECT tab, key, record, moment() * 0 + length(record) FROM before;
     SELECT moment();
     DROP TABLE before;
     SELECT moment()`,
    'UPDATE records SET size = -size + moment() * 0; SELECT moment()',
  ])
  writeSync(1, `${calls}\n`)
} catch (error) {
  writeSync(1, `${error instanceof Error ? error.message : error}\n`)
}
