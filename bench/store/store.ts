/**
 * `npm run bench:store`: how many writes a second the store in a file makes durable, beside raw `node:sqlite` with a commit
 * each and beside a plain file that is flushed after each write, all in turn in one process. `-- --update` writes `table.md`.
 */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseArgs } from 'node:util'
import { put, sqliteStore } from '@scrip/sdk/store'
import { calls, concurrentCalls, contest, median, ratio } from '../channels/contest.ts'

const { values: options } = parseArgs({ options: { update: { type: 'boolean' } } })
const ROUNDS = 7
const CHANNELS = 10_000
let total = 10n ** 15n
/** Each is new: SQLite neither writes nor flushes a record that is there already. */
const nextRecord = () => ({ voucher: 'x'.repeat(300), total: total++ })

// Beside this file, not in the temporary folder: that one may be in memory, where a flush costs nothing.
const folder = mkdtempSync(join(import.meta.dirname, '.files-'))
const store = sqliteStore(join(folder, 'store.db'))
const raw = new DatabaseSync(join(folder, 'raw.db'))
raw.exec(
  'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE records (key TEXT PRIMARY KEY, record TEXT)',
)
const insert = raw.prepare('INSERT INTO records VALUES (?, ?) ON CONFLICT DO UPDATE SET record = excluded.record')
const file = openSync(join(folder, 'plain'), 'w')
const block = Buffer.alloc(4096, 1)
writeSync(file, block, 0, block.length, 0)

const write = (call: number) => store.write([put('payees', String(call % CHANNELS), nextRecord())])
const text = () => JSON.stringify({ ...nextRecord(), total: String(total) })
try {
  const rates = await contest(
    {
      flush: calls(300, () => {
        writeSync(file, block, 0, block.length, 0)
        fdatasyncSync(file)
      }),
      raw: calls(300, (call) => insert.run(String(call % CHANNELS), text())),
      alone: concurrentCalls(300, 1, write),
      by16: concurrentCalls(1_600, 16, write),
      by64: concurrentCalls(3_200, 64, write),
      by256: concurrentCalls(6_400, 256, write),
    },
    ROUNDS,
  )
  const cell = (value: number) => value.toLocaleString('en', { maximumSignificantDigits: 3 })
  const row = (name: string, of: number[]) =>
    `| ${name.padEnd(38)} | ${cell(median(of)).padStart(8)} | ${`${ratio(of, rates.raw).toFixed(2)} ×`.padStart(10)} | ${`${ratio(of, rates.flush).toFixed(2)} ×`.padStart(10)} |`
  const [core] = cpus()
  const table = [
    '# Durable writes',
    '',
    'Medians of interleaved rounds in one process; a ratio is the median of the rounds’ ratios. A write is the record of a',
    'payee after a payment; writes that arrive together share a flush. `npm run bench:store -- --update` writes this file.',
    '',
    `Machine: ${cpus().length} × ${core?.model.trim()}, ${process.platform} ${process.arch}, Node ${process.versions.node}.`,
    '',
    `| ${'path'.padEnd(38)} | a second | to raw SQL | to a flush |`,
    `| ${'-'.repeat(38)} | -------: | ---------: | ---------: |`,
    row('write 4 KiB to a file and fdatasync it', rates.flush),
    row('raw node:sqlite, FULL, a commit each', rates.raw),
    row('sqliteStore, 1 in flight', rates.alone),
    row('sqliteStore, 16 in flight', rates.by16),
    row('sqliteStore, 64 in flight', rates.by64),
    row('sqliteStore, 256 in flight', rates.by256),
    '',
  ].join('\n')
  console.log(table)
  if (options.update === true) writeFileSync(new URL('table.md', import.meta.url), table)
  console.log('Again: npm run bench:store')
} finally {
  await store.close()
  raw.close()
  closeSync(file)
  rmSync(folder, { recursive: true })
}
