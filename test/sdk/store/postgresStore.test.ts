import { setTimeout as pause } from 'node:timers/promises'
import { outcomeOf, type PostgresStoreOptions, postgresStore, put, type Store } from '@scrip/sdk/store'
import { expect } from 'chai'
import { type Detour, startDetour } from '../../support/detour.ts'
import { type Database, startDatabase } from '../../support/postgres.ts'
import { codeOf, refusal } from '../errors/support/refusal.ts'

type Numbered = { n: number }

describe('postgresStore', function () {
  this.timeout(30_000)
  let database: Database
  let url: string
  const opened = new Set<Store>()

  const open = async (address = url, options?: PostgresStoreOptions): Promise<Store> => {
    const store = await postgresStore(address, options)
    opened.add(store)
    return store
  }

  before(async () => {
    // What a server may be set to: it says that it wrote what a crash then loses.
    database = await startDatabase('synchronous_commit=off', 'wal_writer_delay=10s', 'autovacuum=off')
  })

  after(() => database?.remove())

  beforeEach(async () => {
    url = await database.schema()
  })

  afterEach(async () => {
    await Promise.all([...opened].map((store) => store.close()))
    opened.clear()
  })

  it('has after a crash of the server all that it acknowledged, whatever synchronous_commit says', async () => {
    const store = await open(url, { patience: 20_000 })
    let acknowledged = 0
    const write = async () => {
      for (;;) {
        await store.write([put('table', `${acknowledged + 1}`, { n: acknowledged + 1 })])
        acknowledged++
      }
    }
    const writing = codeOf(write)
    await until(() => acknowledged >= 50)
    await database.crash()
    const promised = acknowledged
    await database.start()
    expect((await store.all<Numbered>('table')).length).to.be.at.least(promised)
    // Nobody noticed anything but a pause.
    await until(() => acknowledged >= promised + 50)
    await store.close()
    expect(await writing).to.equal('STORE_FAILED')
  })

  it('fails while the database is away, with a code and soon, and goes on when it is back', async () => {
    const store = await open(url, { patience: 200 })
    await store.write([put('table', 'key', { n: 1 })])
    await database.crash()
    const codes = await Promise.all([
      codeOf(() => store.write([put('table', 'key', { n: 2 })])),
      codeOf(() => store.get('table', 'key')),
      codeOf(() => store.all('table')),
    ])
    expect(codes.slice(1)).to.deep.equal(['STORE_FAILED', 'STORE_FAILED'])
    expect(codes[0]).to.be.oneOf(['STORE_FAILED', 'STORE_UNCERTAIN'])
    const begun = Date.now()
    await Promise.all(
      Array.from({ length: 100 }, async () =>
        expect(await codeOf(() => store.write([put('table', 'key', { n: 3 })]))).to.equal('STORE_FAILED'),
      ),
    )
    expect(Date.now() - begun).to.be.lessThan(10_000)
    await database.start()
    await until(async () => (await codeOf(() => store.write([put('table', 'key', { n: 4 })]))) === undefined)
    expect(await store.get('table', 'key')).to.deep.equal({ n: 4 })
  })

  it('lets several processes make it at once, and refuses one that a newer version made', async () => {
    const stores = await Promise.all([1, 2, 3, 4].map(() => open()))
    await Promise.all(stores.map((store, n) => store.write([put('table', `${n}`, { n })])))
    expect((await stores[0]?.all('table'))?.length).to.equal(4)
    const schema = new URL(url).searchParams.get('search_path')
    await database.run(`UPDATE ${schema}.scrip_version SET version = 99`)
    const { code, message, hint } = await refusal(() => open())
    expect([code, message]).to.deep.equal(['STORE_FAILED', `${message}`])
    expect(message).to.include('version 99')
    expect(hint).to.include('newer')
  })

  it('refuses a database that does not flush', async () => {
    await database.run('ALTER SYSTEM SET fsync = off')
    await database.run('SELECT pg_reload_conf()')
    try {
      await until(async () => (await database.run('SHOW fsync'))[0]?.['fsync'] === 'off')
      expect((await refusal(() => open())).message).to.include('fsync is off')
    } finally {
      await database.run('ALTER SYSTEM RESET fsync')
      await database.run('SELECT pg_reload_conf()')
      await until(async () => (await database.run('SHOW fsync'))[0]?.['fsync'] === 'on')
    }
  })

  it('says what is wrong with an address, and never the password', async () => {
    const { port } = new URL(url)
    const wrong: [address: string, says: RegExp][] = [
      ['postgres://scrip:open%20sesame@127.0.0.1:1/postgres', /^Start the database/],
      [`postgres://scrip:open%20sesame@127.0.0.1:${port}/nothing`, /^Create the database/],
      [`postgres://nobody:open%20sesame@127.0.0.1:${port}/postgres`, /^Check the user/],
      [`postgres://scrip:open%20sesame@127.0.0.1:${port}/postgres?search_path=none`, /^Create the schema/],
      ['postgres:open%20sesame', /^Write postgres:/],
    ]
    for (const [address, says] of wrong) {
      const error = await refusal(() => open(address))
      expect(error.code).to.equal('STORE_FAILED')
      expect(error.hint).to.match(says)
      expect(JSON.stringify([error.message, error.hint, error.toProblem()])).to.not.include('sesame')
    }
  })

  it('only reads where that was said', async () => {
    expect((await refusal(() => open(url, { readOnly: true }))).message).to.include('no store')
    const store = await open()
    await store.write([put('table', 'key', { n: 1 })])
    const reader = await open(url, { readOnly: true })
    expect(await reader.get('table', 'key')).to.deep.equal({ n: 1 })
    expect(await codeOf(() => reader.write([put('table', 'key', { n: 2 })]))).to.equal('STORE_FAILED')
  })

  it('carries out what was called before it was closed, and nothing after', async () => {
    const store = await open()
    const writes = [1, 2, 3].map((n) => store.write([put('table', `${n}`, { n })]))
    await store.close()
    await Promise.all(writes)
    for (const call of [() => store.write([put('table', 'key', {})]), () => store.get('table', 'key')])
      expect(await codeOf(call)).to.equal('STORE_FAILED')
    expect((await (await open()).all('table')).length).to.equal(3)
  })

  it('has batches that meet on many records wait for each other: none is lost, and none stands still', async () => {
    const [one, other] = [await open(), await open()]
    const keys = Array.from({ length: 30 }, (_, index) => `${index}`)
    const begun = Date.now()
    for (let round = 0; round < 20; round++) {
      await Promise.all([
        ...keys.map((key) => one.write([put('table', key, { round })])),
        ...keys.toReversed().map((key) => other.write([put('table', key, { round })])),
      ])
    }
    // A deadlock takes a second to be found.
    expect(Date.now() - begun).to.be.lessThan(10_000)
    expect(await one.all('table')).to.deep.equal(Array(30).fill({ round: 19 }))
  })

  it('has one of several that revise several records at once win all of them', async () => {
    const stores = await Promise.all([1, 2, 3, 4].map(() => open()))
    for (let round = 0; round < 20; round++) {
      const codes = await Promise.all(
        stores.map((store, n) => {
          const records = [put('left', `${round}`, { n }, { from: '', to: `${n}` })]
          records.push(put('right', `${round}`, { n }, { from: '', to: `${n}` }))
          return codeOf(() => store.write(n % 2 ? records : records.reverse()))
        }),
      )
      expect(codes.filter((code) => code === undefined)).to.have.length(1)
      expect(codes.filter((code) => code === 'STORE_CONFLICT')).to.have.length(3)
      const n = codes.indexOf(undefined)
      expect(await stores[0]?.get('left', `${round}`)).to.deep.equal({ n })
      expect(await stores[0]?.get('right', `${round}`)).to.deep.equal({ n })
    }
  })

  it('tells others what was put with a revision, not itself, and after a pause that it may have missed some', async () => {
    const [one, other] = [await open(), await open()]
    const heard: Record<'one' | 'other', unknown[]> = { one: [], other: [] }
    one.watch?.('table', (...what) => heard.one.push(what))
    other.watch?.('table', (...what) => heard.other.push(what))
    const odd = 'an odd "key"\0\\'
    await one.write([
      put('table', odd, { n: 1 }, { from: '', to: 'a' }),
      put('elsewhere', odd, { n: 1 }, { from: '', to: 'a' }),
    ])
    await until(() => heard.other.length > 0)
    expect(heard).to.deep.equal({ one: [], other: [[odd, 'a']] })
    const keys = Array.from({ length: 500 }, (_, n) => `${'long '.repeat(5)}${n}`)
    await Promise.all(keys.map((key) => one.write([put('table', key, { n: 1 }, { from: '', to: 'a' })])))
    await until(() => heard.other.some((what) => (what as unknown[]).length === 0))
    heard.other.length = 0
    await database.crash()
    await database.start()
    await until(() => heard.other.length > 0)
    expect(heard.other[0]).to.deep.equal([])
    heard.other.length = 0
    await one.write([put('table', odd, { n: 2 }, { from: 'a', to: 'b' })])
    await until(() => heard.other.some((what) => (what as unknown[])[1] === 'b'))
  })

  describe('and an owner', () => {
    it('has one at a time, until that one closes it or its connection ends', async () => {
      const first = await open(url, { owner: 'purse' })
      const { code, message, hint } = await refusal(() => open(url, { owner: 'purse' }))
      expect(code).to.equal('STORE_FAILED')
      expect(message).to.include('Another process uses purse')
      expect(hint).to.include('--store')
      await open(url, { owner: 'till' })
      await open()
      await first.write([put('table', 'key', { n: 1 })])
      await first.close()
      const second = await open(url, { owner: 'purse' })
      expect(await second.get('table', 'key')).to.deep.equal({ n: 1 })
    })

    it('keeps it over a crash of the server, and writes nothing more where another was quicker', async () => {
      const lock = "FROM pg_locks WHERE locktype = 'advisory' AND granted"
      const first = await open(url, { owner: 'purse' })
      await first.write([put('table', 'key', { n: 1 })])
      await database.crash()
      await database.start()
      await first.write([put('table', 'key', { n: 2 })])
      const isLocked = async () => (await database.run(`SELECT pid ${lock}`)).length > 0
      await until(isLocked)
      let second: Store | undefined
      while (second === undefined) {
        await database.run(`SELECT pg_terminate_backend(pid) ${lock}`)
        second = await open(url, { owner: 'purse' }).catch(() => undefined)
      }
      expect(await codeOf(() => first.write([put('table', 'key', { n: 3 })]))).to.equal('STORE_FAILED')
      expect(await second.get('table', 'key')).to.deep.equal({ n: 2 })
      await second.write([put('table', 'key', { n: 4 })])
    })
  })

  describe('and an answer that does not come', () => {
    let detour: Detour
    let store: Store
    let direct: Store

    const begin = async (options?: PostgresStoreOptions) => {
      const address = new URL(url)
      detour = await startDetour(Number(address.port))
      direct = await open()
      address.port = `${detour.port}`
      store = await open(address.href, options)
      await store.write([put('table', 'key', { n: 0 }, { from: '', to: '0' })])
    }
    const step = (n: number) => store.write([put('table', 'key', { n }, { from: `${n - 1}`, to: `${n}` })])
    const stored = async () => (await direct.get<Numbered>('table', 'key'))?.n

    afterEach(async () => {
      await detour.open().catch(() => {})
      await store.close()
      await detour.remove()
    })

    it('takes no write for failed that was carried out, and carries none out twice', async () => {
      await begin()
      for (let n = 1; n <= 9; n++) {
        // A new connection first needs an answer to what it asks.
        if (n % 2 === 0) {
          await step(n)
          continue
        }
        detour.loseAnswers()
        const write = step(n)
        await until(async () => (await stored()) === n)
        detour.cut()
        await write
        expect(await stored()).to.equal(n)
      }
    })

    it('knows of each write of a batch what became of it', async () => {
      await begin()
      detour.loseAnswers()
      const late = store.write([put('table', 'key', { n: 9 }, { from: 'older', to: 'late' })])
      const writes = [step(1), late, step(2)]
      const outcomes = Promise.all(writes.map((write) => codeOf(() => write)))
      await until(async () => (await stored()) === 2)
      detour.cut()
      expect(await outcomes).to.deep.equal([undefined, 'STORE_CONFLICT', undefined])
    })

    it('carries out what the server never got', async () => {
      await begin()
      detour.holdRequests()
      const write = step(1)
      await pause(50)
      detour.cut()
      await write
      expect(await stored()).to.equal(1)
    })

    it('is not overtaken by what was still on its way when the connection was given up', async () => {
      await begin()
      const letGo = detour.holdRequests()
      const write = store.write([put('plain', 'key', { n: 1 })])
      await pause(50)
      detour.cut()
      await write
      await store.write([put('plain', 'key', { n: 2 })])
      // The server gets the first one now, on a connection that it takes for a good one.
      letGo()
      await pause(200)
      expect(await direct.get('plain', 'key')).to.deep.equal({ n: 2 })
    })

    for (const [what, isIn] of [
      ['was carried out', true],
      ['was not', false],
    ] as const) {
      it(`says that it does not know where the database stays away, and later that it ${what}`, async () => {
        await begin({ patience: 200 })
        if (isIn) detour.loseAnswers()
        else detour.holdRequests()
        const write = refusal(() => step(1))
        if (isIn) await until(async () => (await stored()) === 1)
        else await pause(50)
        await detour.close()
        const error = await write
        expect(error.code).to.equal('STORE_UNCERTAIN')
        // What comes after it fails for certain, and reads nothing that may be old.
        expect(await codeOf(() => step(2))).to.equal('STORE_FAILED')
        expect(await codeOf(() => store.get('table', 'key'))).to.equal('STORE_FAILED')
        await detour.open()
        expect(await outcomeOf(error)).to.equal(isIn)
        expect(await stored()).to.equal(isIn ? 1 : 0)
        await until(async () => (await codeOf(() => step(isIn ? 2 : 1))) === undefined)
        expect(await stored()).to.equal(isIn ? 2 : 1)
      })
    }
  })
})

async function until(condition: () => unknown): Promise<void> {
  while (!(await condition())) await pause(5)
}
