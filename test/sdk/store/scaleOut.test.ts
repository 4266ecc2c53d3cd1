import { createPayee } from '@scrip/sdk/channels'
import { memoryStore, postgresStore, put, type Store, type Table } from '@scrip/sdk/store'
import { expect } from 'chai'
import { type Database, startDatabase } from '../../support/postgres.ts'
import { payeeAccount as account, channelTo, home, signChain } from '../channels/support/channels.ts'
import { codeOf } from '../errors/support/refusal.ts'

type Visits = { count: number }
const visits: Table<Visits> = 'visits'

async function count(store: Store): Promise<void> {
  // #region revision
  const { record = { count: 0 }, version } = await store.read(visits, 'home')
  const revision = { from: version, to: crypto.randomUUID() }
  await store.write([put(visits, 'home', { count: record.count + 1 }, revision)])
  // #endregion
}

describe('the page about several processes', function () {
  this.timeout(20_000)
  let database: Database
  const opened: Store[] = []

  before(async () => {
    database = await startDatabase()
  })

  after(async () => {
    await Promise.all(opened.map((store) => store.close()))
    await database?.remove()
  })

  it('opens a payee on a database', async () => {
    const url = await database.schema()
    const accept = { ...home, currencies: [home.token], maxExposure: 0n }
    // #region payee
    const store = await postgresStore(url)
    const payee = createPayee({ account, store, accept })
    // #endregion
    opened.push(store)
    await payee.observe(channelTo(), { claimed: 0n, deposit: 100n, exitAt: 0 })
    const { payment } = await signChain(channelTo(), { total: 10n })
    expect(await payee.accept(payment())).to.include({ added: 10n })
  })

  for (const kind of ['memory', 'PostgreSQL']) {
    it(`counts with revisions in ${kind}: who comes too late is told so`, async () => {
      const store = kind === 'memory' ? memoryStore() : await postgresStore(await database.schema())
      opened.push(store)
      const codes = await Promise.all(Array.from({ length: 20 }, () => codeOf(() => count(store))))
      expect(codes).to.include('STORE_CONFLICT')
      const counted = codes.filter((code) => code === undefined)
      expect(await store.get(visits, 'home')).to.deep.equal({ count: counted.length })
    })
  }
})
