import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { put, sqliteStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import { STEPS } from '../../../sdk/store/schema.ts'
import { refusal } from '../errors/support/refusal.ts'
import { run } from './support/run.ts'

const migrator = new URL('./support/migrator.ts', import.meta.url)
const RECORDS = 400

describe('the versions of a store', () => {
  let folder: string
  let path: string

  /** Does something with the file itself, whatever version it has. */
  const inside = <Result>(work: (database: DatabaseSync) => Result): Result => {
    const database = new DatabaseSync(path, { timeout: 1_000 })
    try {
      return work(database)
    } finally {
      database.close()
    }
  }

  const pragma = (name: string) => inside((database) => Number(database.prepare(`PRAGMA ${name}`).get()?.[name]))

  /** A store as the program made it before it counted versions. */
  const makeUncounted = () =>
    inside((database) => {
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
      database.exec(
        'CREATE TABLE IF NOT EXISTS records (tab TEXT, key TEXT, record TEXT NOT NULL, PRIMARY KEY (tab, key)) WITHOUT ROWID',
      )
      database.exec(
        `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${RECORDS - 1})
         INSERT INTO records SELECT 'payees', i, '{"paid":"#' || i || '","text":"' || hex(zeroblob(200)) || '"}' FROM n`,
      )
    })

  const paid = (records: { paid: bigint }[]) => records.map((record) => record.paid).sort((a, b) => Number(a - b))
  const everything = Array.from({ length: RECORDS }, (_, i) => BigInt(i))

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'scrip-versions-'))
    path = join(folder, 'store.db')
  })

  afterEach(() => rmSync(folder, { recursive: true }))

  it('are counted and marked in the file', async () => {
    await sqliteStore(path).close()
    expect(pragma('user_version')).to.equal(STEPS.length)
    expect(Buffer.from(pragma('application_id').toString(16), 'hex').toString()).to.equal('Scrp')
  })

  it('bring a store from before they were counted up to date, with every record', async () => {
    makeUncounted()
    expect(pragma('user_version')).to.equal(0)
    const store = sqliteStore(path)
    expect(paid(await store.all('payees'))).to.deep.equal(everything)
    await store.write([put('payees', 'more', { paid: 5n })])
    await store.close()
    expect(pragma('user_version')).to.equal(STEPS.length)
    const again = sqliteStore(path)
    expect(await again.get('payees', 'more')).to.deep.equal({ paid: 5n })
    await again.close()
  })

  it('are not changed by one who only reads: it says who can', async () => {
    makeUncounted()
    const before = readFileSync(path)
    const { code, message, hint } = await refusal(() => sqliteStore(path, { readOnly: true }))
    expect(code).to.equal('STORE_FAILED')
    expect(message).to.include('version 0')
    expect(hint).to.include('owns the store')
    expect(readFileSync(path).equals(before)).to.equal(true)
  })

  it('refuse a store of a newer program, owner and reader alike, and leave it as it is', async () => {
    await sqliteStore(path).close()
    inside((database) => database.exec(`PRAGMA user_version = ${STEPS.length + 1}`))
    const before = readFileSync(path)
    for (const readOnly of [false, true]) {
      const { code, message, hint, values } = await refusal(() => sqliteStore(path, { readOnly }))
      expect(code).to.equal('STORE_FAILED')
      expect(message).to.include(`version ${STEPS.length + 1}`)
      expect(hint).to.include('Use the version of @scrip/sdk that wrote it')
      expect(values).to.deep.equal({ path, version: STEPS.length + 1, newest: STEPS.length })
    }
    expect(readFileSync(path).equals(before)).to.equal(true)
  })

  it('know another program’s database from a store, and leave it as it is', async () => {
    const others = [
      'CREATE TABLE records (id INTEGER PRIMARY KEY, title TEXT)',
      'CREATE TABLE bookmarks (tab TEXT, key TEXT, record TEXT)',
      'PRAGMA application_id = 252006674',
      'PRAGMA user_version = 1',
    ]
    for (const sql of others) {
      rmSync(path, { force: true })
      inside((database) => database.exec(`${sql}; VACUUM`))
      const before = readFileSync(path)
      for (const readOnly of [false, true]) {
        const { code, message } = await refusal(() => sqliteStore(path, { readOnly }))
        expect(code, sql).to.equal('STORE_FAILED')
        expect(message, sql).to.include('another program')
      }
      expect(readFileSync(path).equals(before), sql).to.equal(true)
    }
  })

  describe('when the step to the next is cut short', () => {
    const newest = STEPS.length + 2
    /** What the steps of `migrator.ts` leave, by version. */
    const sizes = () =>
      inside((database) => {
        const columns = database.prepare("SELECT name FROM pragma_table_info('records')").all()
        if (!columns.some(({ name }) => name === 'size')) return 'none'
        const kinds = database
          .prepare('SELECT DISTINCT sign(size) AS kind, sum(size <> 0) AS records FROM records')
          .all()
        return kinds.map(({ kind, records }) => `${records} of sign ${kind}`).join(', ')
      })
    const whole: Record<number, string> = {
      [newest - 2]: 'none',
      [newest - 1]: `${RECORDS} of sign 1`,
      [newest]: `${RECORDS} of sign -1`,
    }

    const check = () => {
      const version = pragma('user_version')
      // The first step is so short that nothing can be seen within it.
      expect(sizes()).to.equal(whole[Math.max(version, newest - 2)])
      expect(inside((database) => database.prepare('PRAGMA integrity_check').get())).to.deep.equal({
        integrity_check: 'ok',
      })
      expect(inside((database) => database.prepare('SELECT count(*) AS n FROM sqlite_schema').get())).to.deep.equal({
        n: 1,
      })
      return version
    }

    it('leaves the old version or the new one by a kill at any moment, and goes on from there', async () => {
      makeUncounted()
      // Moments of the two steps together, as `migrator.ts` counts them.
      const moments = RECORDS + 3 + RECORDS + 1
      const seen = new Set<number>()
      // In the first step three times, at its end, at the start of the next, in it, and at its end.
      for (const moment of [1, 150, RECORDS + 2, RECORDS + 3]) {
        await run(migrator, [path, String(moment)]).closed
        seen.add(check())
      }
      for (const moment of [RECORDS + 4, RECORDS + 200, moments]) {
        // The step before is only done the first time.
        const done = pragma('user_version') === newest - 1 ? RECORDS + 3 : 0
        await run(migrator, [path, String(moment - done)]).closed
        seen.add(check())
      }
      expect([...seen]).to.deep.equal([newest - 2, newest - 1])
      const last = run(migrator, [path, '0'])
      expect(await last.line(0)).to.equal(String(RECORDS + 1))
      expect(check()).to.equal(newest)
    })

    it('leaves the old version where the disk is full, and goes on when there is room', async () => {
      makeUncounted()
      const full = run(migrator, [path, '0'], 'ulimit -f 500')
      expect(await full.line(0)).to.match(/full|disk I\/O/)
      await full.end()
      expect(check()).to.be.lessThan(newest)
      const last = run(migrator, [path, '0'])
      await last.end()
      expect(check()).to.equal(newest)
    })
  })
})
