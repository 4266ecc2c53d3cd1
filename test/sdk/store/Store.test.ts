import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Change, memoryStore, postgresStore, put, type Store, sqliteStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import fc from 'fast-check'
import { type Database, startDatabase } from '../../support/postgres.ts'
import { codeOf, refusal } from '../errors/support/refusal.ts'

const folder = mkdtempSync(join(tmpdir(), 'scrip-store-'))
let files = 0
let database: Database

const kinds: Record<string, () => Store | Promise<Store>> = {
  memoryStore,
  sqliteStore: () => sqliteStore(join(folder, `${files++}.db`)),
  postgresStore: async () => postgresStore(await database.schema()),
}

/** Any name: of a table, a key, a member. */
const someName = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.constantFrom(
    '',
    'bigint',
    '#',
    '\0',
    'a\0b',
    'a\0c',
    '"',
    "'",
    '%',
    '__proto__',
    'constructor',
    '🪙',
    'ﬀ',
    'é',
    'é',
  ),
)

const { value: someValue } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.constantFrom('', '#', '##', '#5', '0n', '5n', '\ud83e', 'line\nline\0end'),
    fc.bigInt(),
    fc.constantFrom(0n, -1n, 2n ** 96n - 1n, -(2n ** 300n)),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0)),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(someName, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
}))

const someRecord = fc.dictionary(someName, someValue, { maxKeys: 5, noNullPrototype: true })

const sorted = (records: object[]) => records.map((record) => JSON.stringify(record)).sort()

before(async function () {
  this.timeout(20_000)
  database = await startDatabase()
})

after(async () => {
  rmSync(folder, { recursive: true })
  await database?.remove()
})

for (const [name, open] of Object.entries(kinds)) {
  describe(`a store: ${name}`, () => {
    let store: Store

    beforeEach(async () => {
      store = await open()
    })

    afterEach(() => store.close())

    it('knows nothing that nobody put', async () => {
      expect(await store.get('table', 'key')).to.equal(undefined)
      expect(await store.all('table')).to.deep.equal([])
    })

    it('gives back what was put: bigints, nested records, any text', async () => {
      await fc.assert(
        fc.asyncProperty(someName, someName, someRecord, async (table, key, record) => {
          await store.write([put(table, key, record)])
          expect(await store.get(table, key)).to.deep.equal(record)
          expect(await store.all(table)).to.deep.include(record)
        }),
        { numRuns: 300 },
      )
    })

    it('gives many records in the order of their keys, and nothing for those that are not there', async () => {
      await fc.assert(
        fc.asyncProperty(
          someName,
          fc.uniqueArray(fc.tuple(someName, someRecord), { selector: ([key]) => key, maxLength: 6 }),
          fc.array(someName, { maxLength: 4 }),
          async (table, records, strangers) => {
            await store.write([{ table, clear: true }, ...records.map(([key, record]) => put(table, key, record))])
            const keys = [...strangers, ...records.map(([key]) => key).reverse(), ...strangers]
            const expected = keys.map((name) => records.find(([key]) => key === name)?.[1])
            expect(await store.getMany(table, keys)).to.deep.equal(expected)
          },
        ),
        { numRuns: 100 },
      )
    })

    it('takes a record for a bigint in no disguise', async () => {
      const records = [
        { bigint: '5' },
        { bigint: 'five' },
        { bigint: '5', more: 1 },
        { a: '#5' },
        { a: '##5' },
        { a: 5n },
      ]
      await store.write(records.map((record, index) => put('table', String(index), record)))
      for (const [index, record] of records.entries())
        expect(await store.get('table', String(index))).to.deep.equal(record)
    })

    it('keeps bigints where a program taught them toJSON, as many do', async () => {
      Object.defineProperty(BigInt.prototype, 'toJSON', {
        configurable: true,
        value(this: bigint) {
          return this.toString()
        },
      })
      try {
        await store.write([put('table', 'key', { amount: 5n, list: [1n, { deep: 2n }] })])
      } finally {
        Reflect.deleteProperty(BigInt.prototype, 'toJSON')
      }
      expect(await store.get('table', 'key')).to.deep.equal({ amount: 5n, list: [1n, { deep: 2n }] })
    })

    it('does what a map of maps does, in any sequence of writes', async () => {
      const [someTable, someKey] = [fc.constantFrom('one', 'two', 'three'), fc.constantFrom('a', 'b', 'c', 'd')]
      const someChange: fc.Arbitrary<Change> = fc.oneof(
        { weight: 6, arbitrary: fc.record({ table: someTable, key: someKey, record: someRecord }) },
        { weight: 2, arbitrary: fc.record({ table: someTable, key: someKey, remove: fc.constant(true as const) }) },
        { weight: 1, arbitrary: fc.record({ table: someTable, clear: fc.constant(true as const) }) },
      )
      await fc.assert(
        fc.asyncProperty(fc.array(fc.array(someChange, { maxLength: 6 }), { maxLength: 8 }), async (writes) => {
          await store.write(['one', 'two', 'three'].map((table) => ({ table, clear: true as const })))
          const model = new Map<string, Map<string, object>>()
          // Not awaited one by one: later writes must win also where they are carried out together.
          const done = writes.map((changes) => store.write(changes))
          for (const change of writes.flat()) {
            const records = model.get(change.table) ?? new Map<string, object>()
            model.set(change.table, records)
            if ('clear' in change) records.clear()
            else if ('remove' in change) records.delete(change.key)
            else records.set(change.key, change.record)
          }
          await Promise.all(done)
          for (const table of ['one', 'two', 'three']) {
            const records = model.get(table) ?? new Map()
            for (const key of ['a', 'b', 'c', 'd']) expect(await store.get(table, key)).to.deep.equal(records.get(key))
            const all = await store.all(table)
            expect(all.length).to.equal(records.size)
            for (const record of records.values()) expect(all).to.deep.include(record)
          }
        }),
        { numRuns: 50 },
      )
    })

    it('puts a record with a revision only where it has the version that this comes from', async () => {
      expect(await store.read('table', 'key')).to.deep.equal({ version: '' })
      await store.write([put('table', 'key', { n: 1 }, { from: '', to: 'a' })])
      expect(await store.read('table', 'key')).to.deep.equal({ record: { n: 1 }, version: 'a' })
      for (const from of ['', 'b', 'A'])
        expect(await codeOf(() => store.write([put('table', 'key', { n: 2 }, { from, to: 'c' })])), from).to.equal(
          'STORE_CONFLICT',
        )
      expect(await codeOf(() => store.write([put('table', 'none', { n: 2 }, { from: 'a', to: 'c' })]))).to.equal(
        'STORE_CONFLICT',
      )
      expect(await store.all('table')).to.deep.equal([{ n: 1 }])
      await store.write([put('table', 'key', { n: 2 }, { from: 'a', to: 'b' })])
      expect(await store.read('table', 'key')).to.deep.equal({ record: { n: 2 }, version: 'b' })
      await store.write([{ table: 'table', key: 'key', remove: true }])
      expect(await store.read('table', 'key')).to.deep.equal({ version: '' })
      await store.write([put('table', 'key', { n: 3 }, { from: '', to: 'd' })])
      expect(await store.get('table', 'key')).to.deep.equal({ n: 3 })
    })

    it('does with revisions, on several records at once, what a map of versions does', async () => {
      const keys = ['a', 'b', 'c']
      const someStep = fc.record({ key: fc.constantFrom(...keys), isLate: fc.nat({ max: 4 }) })
      const someWrite = fc.uniqueArray(someStep, { minLength: 1, maxLength: 3, selector: ({ key }) => key })
      let round = 0
      await fc.assert(
        fc.asyncProperty(fc.array(someWrite, { maxLength: 12 }), async (writes) => {
          const table = `round ${round++}`
          const versions = new Map<string, string>()
          // All at once: each revision is made from the one before, before that one is on the disk.
          const outcomes = writes.map((steps, number) => {
            const isRefused = steps.some(({ isLate }) => isLate === 0)
            const changes = steps.map(({ key, isLate }) => {
              const from = isLate === 0 ? 'another' : (versions.get(key) ?? '')
              return put(table, key, { number }, { from, to: `${number}` })
            })
            if (!isRefused) for (const { key } of steps) versions.set(key, `${number}`)
            return codeOf(() => store.write(changes)).then((code) => ({ code, isRefused }))
          })
          for (const { code, isRefused } of await Promise.all(outcomes))
            expect(code).to.equal(isRefused ? 'STORE_CONFLICT' : undefined)
          for (const key of keys) {
            const version = versions.get(key) ?? ''
            expect(await store.read(table, key)).to.deep.equal({
              ...(version !== '' && { record: { number: Number(version) } }),
              version,
            })
          }
        }),
        { numRuns: 50 },
      )
    })

    it('lets one of many revisions of one version pass, and what was made from it', async () => {
      await store.write([put('table', 'key', { n: 0 }, { from: '', to: 'first' })])
      const chains = [1, 2, 3, 4].map((chain) =>
        Array.from({ length: 5 }, (_, n) => {
          const from = n === 0 ? 'first' : `${chain}.${n - 1}`
          return codeOf(() => store.write([put('table', 'key', { chain, n }, { from, to: `${chain}.${n}` })]))
        }),
      )
      const codes = await Promise.all(chains.map((chain) => Promise.all(chain)))
      expect(codes).to.deep.equal(codes.map((_, index) => Array(5).fill(index === 0 ? undefined : 'STORE_CONFLICT')))
      expect(await store.read('table', 'key')).to.deep.equal({ record: { chain: 1, n: 4 }, version: '1.4' })
    })

    it('removes and clears only what was named, also where there is nothing', async () => {
      await store.write([put('one', 'a', { n: 1 }), put('one', 'b', { n: 2 }), put('two', 'a', { n: 3 })])
      await store.write([
        { table: 'one', key: 'a', remove: true },
        { table: 'one', key: 'z', remove: true },
        { table: 'nine', clear: true },
      ])
      expect(await store.all('one')).to.deep.equal([{ n: 2 }])
      await store.write([{ table: 'one', clear: true }])
      expect(await store.all('one')).to.deep.equal([])
      expect(await store.all('two')).to.deep.equal([{ n: 3 }])
      await store.write([])
    })

    it('keeps what a record was at the call, whatever becomes of it afterwards', async () => {
      const record = { amount: 1n, list: ['a'] }
      const done = store.write([put('table', 'key', record)])
      record.amount = 9n
      record.list.push('b')
      await done
      record.amount = 10n
      expect(await store.get('table', 'key')).to.deep.equal({ amount: 1n, list: ['a'] })
    })

    it('hands out copies', async () => {
      type Listed = { list: string[] }
      await store.write([put('table', 'key', { list: ['a'] })])
      for (const copy of [await store.get<Listed>('table', 'key'), ...(await store.all<Listed>('table'))])
        copy?.list.push('b')
      expect(await store.get('table', 'key')).to.deep.equal({ list: ['a'] })
      expect(await store.all('table')).to.deep.equal([{ list: ['a'] }])
    })

    it('carries out all of a write or nothing, and lets the writes beside it pass', async () => {
      await store.write([put('table', 'old', { n: 1 })])
      const circular: { self?: object } = {}
      circular.self = circular
      const before = store.write([put('table', 'before', { n: 2 })])
      const bad = store.write([
        put('table', 'old', { n: 9 }),
        put('table', 'new', { n: 9 }),
        { table: 'table', key: 'before', remove: true },
        put('table', 'bad', circular),
        put('table', 'newer', { n: 9 }),
      ])
      const after = store.write([put('table', 'after', { n: 3 })])
      expect((await refusal(() => bad)).code).to.equal('STORE_FAILED')
      await Promise.all([before, after])
      expect(sorted(await store.all('table'))).to.deep.equal(sorted([{ n: 1 }, { n: 2 }, { n: 3 }]))
    })

    it('settles writes in the order of the calls, those that fail too', async () => {
      const circular: { self?: object } = {}
      circular.self = circular
      const order: number[] = []
      const writes = Array.from({ length: 20 }, (_, number) =>
        store.write([put('table', String(number), number % 3 === 1 ? circular : { number })]).then(
          () => order.push(number),
          () => order.push(number),
        ),
      )
      await Promise.all(writes)
      expect(order).to.deep.equal(Array.from({ length: 20 }, (_, number) => number))
      expect((await store.all('table')).length).to.equal(13)
    })

    it('keeps all of many writes that come at once', async () => {
      await Promise.all(Array.from({ length: 500 }, (_, n) => store.write([put('table', `key ${n}`, { n })])))
      const numbers = (await store.all<{ n: number }>('table')).map(({ n }) => n).sort((one, other) => one - other)
      expect(numbers).to.deep.equal(Array.from({ length: 500 }, (_, n) => n))
    })

    it('keeps a record of a megabyte', async () => {
      const record = { text: 'é🪙'.repeat(200_000), amount: 2n ** 96n }
      await store.write([put('table', 'key', record)])
      expect(await store.get('table', 'key')).to.deep.equal(record)
    })

    it('can be closed twice', async () => {
      await store.close()
      await store.close()
    })
  })
}
