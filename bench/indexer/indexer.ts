/**
 * `npm run bench:indexer`: how many events a second the indexer takes from a file of logs into a store, in memory, in a file
 * and in PostgreSQL, beside reading the file alone and beside raw inserts of the same rows. The logs come from a chain on which
 * peers paid each other; they are written over and over for other peers. `-- --update` writes `table.md`; `-- --check` fails
 * below the floor.
 */
import { createReadStream, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseArgs } from 'node:util'
import { createIndexer } from '@scrip/sdk/chain'
import { type Change, memoryStore, postgresStore, type Store, sqliteStore } from '@scrip/sdk/store'
import { encode } from '../../sdk/store/encoding.ts'
import { startDatabase } from '../../test/support/postgres.ts'
import { median, ratio } from '../channels/contest.ts'
import { number, tableOf } from '../table.ts'
import { makeHistory, writeLogs } from './logs.ts'

const { values: options } = parseArgs({ options: { update: { type: 'boolean' }, check: { type: 'boolean' } } })
const ROUNDS = 5
const COPIES = 25
/** Events a second into a file. */
const FLOOR = 20_000

// Beside this file, not in the temporary folder: that one may be in memory, where a flush costs nothing.
const folder = mkdtempSync(join(import.meta.dirname, '.files-'))
const path = join(folder, 'logs.jsonl')
const database = await startDatabase()
try {
  console.log('Peers pay each other on a chain …')
  const { networkId, client, logs } = await makeHistory()
  const events = writeLogs(path, logs, COPIES)
  const indexerOn = (store: Store) => createIndexer({ client, store, networkId })
  const read = () => createReadStream(path, 'utf8')

  /** The rows that the indexer writes, as text, one list for each write. */
  const rows: { table: string; key: string; text: string }[][] = []
  const watched = memoryStore()
  const edges = await indexerOn({
    ...watched,
    write: async (changes: readonly Change[]) => {
      rows.push(changes.flatMap((change) => ('record' in change ? [{ ...change, text: encode(change.record) }] : [])))
      await watched.write(changes)
    },
  })
  await edges.load(read())
  const edgeCount = (await edges.edges()).length

  let files = 0
  const contestants = {
    parse: async () => {
      let rest = ''
      for await (const piece of read()) {
        const lines = (rest + piece).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) JSON.parse(line)
      }
    },
    insert: async () => {
      const raw = new DatabaseSync(join(folder, `${files++}.db`))
      raw.exec(
        `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE records (tab TEXT, key TEXT, record TEXT, PRIMARY KEY (tab, key)) WITHOUT ROWID`,
      )
      const put = raw.prepare('INSERT INTO records VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET record = excluded.record')
      for (const write of rows) {
        raw.exec('BEGIN')
        for (const { table, key, text } of write) put.run(table, key, text)
        raw.exec('COMMIT')
      }
      raw.close()
    },
    memory: async () => load(memoryStore()),
    sqlite: async () => load(sqliteStore(join(folder, `${files++}.db`))),
    postgres: async () => load(await postgresStore(await database.schema())),
  }
  const load = async (store: Store) => {
    await indexerOn(store).load(read())
    await store.close()
  }
  const rates = Object.fromEntries(Object.keys(contestants).map((name) => [name, [] as number[]])) as Record<
    keyof typeof contestants,
    number[]
  >
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, work] of Object.entries(contestants)) {
      const start = performance.now()
      await work()
      if (round > 0) rates[name as keyof typeof rates].push(events / ((performance.now() - start) / 1_000))
    }
  }
  const row = (name: string, of: number[]) => [
    name,
    number(median(of)),
    `${ratio(of, rates.parse).toFixed(2)} ×`,
    `${ratio(of, rates.insert).toFixed(2)} ×`,
  ]
  const [core] = cpus()
  const written = rows.reduce((sum, { length }) => sum + length, 0)
  const table = [
    '# From logs to edges',
    '',
    `A file of ${number(statSync(path).size / 1e6)} MB: ${number(logs.length)} logs of a chain on which eight consumers paid 64 providers, written ${COPIES} times for`,
    `other peers: ${number(events)} events of ${number(edgeCount)} edges, of which the indexer makes ${number(written)} rows in ${rows.length} writes. Medians of`,
    'interleaved rounds in one process. `npm run bench:indexer -- --update` writes this file, `-- --check` fails below',
    `${number(FLOOR)} events a second into a file.`,
    '',
    `Machine: ${cpus().length} × ${core?.model.trim()}, ${process.platform} ${process.arch}, Node ${process.versions.node}.`,
    '',
    ...tableOf(
      ['path', 'events a second', 'to JSON.parse of each line', 'to raw inserts'],
      [
        row('JSON.parse of each line, nothing else', rates.parse),
        row('raw node:sqlite, FULL, the same rows in the same writes, nothing else', rates.insert),
        row('load into memoryStore', rates.memory),
        row('load into sqliteStore', rates.sqlite),
        row('load into postgresStore', rates.postgres),
      ],
    ),
    '',
  ].join('\n')
  console.log(table)
  if (options.update === true) writeFileSync(new URL('table.md', import.meta.url), table)
  if (options.check === true && median(rates.sqlite) < FLOOR) {
    console.error(`${number(median(rates.sqlite))} events a second are less than ${number(FLOOR)}.`)
    process.exitCode = 1
  }
  console.log('Again: npm run bench:indexer')
} finally {
  await database.remove()
  rmSync(folder, { recursive: true })
}
