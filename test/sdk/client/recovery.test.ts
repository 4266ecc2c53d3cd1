import { copyFileSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { claim, getHoldings } from '@scrip/sdk/chain'
import { paidTotal } from '@scrip/sdk/channels'
import { ScripError } from '@scrip/sdk/errors'
import { kilobytes } from '@scrip/sdk/http'
import { serveFiles } from '@scrip/sdk/peer'
import { memoryStore, type Store, sqliteStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import { network } from 'hardhat'
import {
  type Buyer,
  bytes,
  type Market,
  newBuyer,
  openMarket,
  openShop,
  type Person,
  type Shop,
} from '../../support/market.ts'

const SIZE = 3_000_000
const PRICE = BigInt(kilobytes(SIZE))
const WINDOW = 64
const GRANT = 10n ** 9n
const folder = mkdtempSync(join(tmpdir(), 'scrip-recovery-'))
const content = Buffer.from(bytes(SIZE))

describe('an interrupted download', () => {
  let market: Market
  let seller: Person
  let person: Person
  let shop: Shop
  let shopStore: Store
  let buyer: Buyer
  let round = 0
  let payments: bigint

  before(async () => {
    mkdirSync(join(folder, 'goods'))
    writeFileSync(join(folder, 'goods', 'file'), content)
    market = await openMarket(await network.create())
  })
  beforeEach(async () => {
    round++
    payments = 0n
    seller = await market.person()
    person = await market.person(GRANT)
    await startShop()
    startBuyer()
  })
  afterEach(async () => {
    await stopShop()
    await buyer.store.close()
  })
  after(() => rmSync(folder, { recursive: true }))

  const startShop = async (port = 0, store: Store = sqliteStore(join(folder, `shop-${round}.db`))) => {
    shopStore = store
    shop = await openShop(market, serveFiles(join(folder, 'goods')), { seller, store, port })
  }
  const stopShop = async () => {
    await shop.close()
    await shopStore.close()
  }
  const buyerPath = () => join(folder, `buyer-${round}.db`)
  const startBuyer = (store: Store = sqliteStore(buyerPath()), resume = 0) => {
    buyer = newBuyer(person, { store, resume, limits: { perRequest: 10_000n, perDay: 100_000n } })
  }
  const stopBuyer = async () => {
    payments += buyer.spent()
    await buyer.store.close()
  }
  const spent = () => payments + buyer.spent()

  /** What the shop has once all arrived: where credit came back, a download is over before its last payment is there. */
  const booksAtLast = async () => {
    while ((await shop.books()).accepted < spent()) await new Promise((later) => setTimeout(later, 5))
    return shop.books()
  }

  /** Asks again where a connection of before the restart was still there and broke. */
  const ask = async (headers: Record<string, string>): Promise<Response> => {
    try {
      return await buyer.fetch(`${shop.url}/file`, { headers })
    } catch (error) {
      if (!(error instanceof ScripError) || error.code !== 'PEER_UNREACHABLE') throw error
      return buyer.fetch(`${shop.url}/file`, { headers })
    }
  }

  /** Downloads on from what is there; `until` that many bytes are there, then something happens. */
  const download = async (
    have: Buffer[],
    { until = Number.POSITIVE_INFINITY, happens }: { until?: number; happens?: () => Promise<void> } = {},
  ): Promise<unknown> => {
    const present = Buffer.concat(have).length
    const headers: Record<string, string> = present > 0 ? { range: `bytes=${present}-` } : {}
    let received = 0
    let pending = happens
    try {
      const answer = await ask(headers)
      for await (const chunk of answer.body ?? []) {
        have.push(Buffer.from(chunk))
        received += chunk.length
        if (present + received < until || pending === undefined) continue
        await pending()
        pending = undefined
      }
      return undefined
    } catch (error) {
      expect(error).to.be.instanceOf(ScripError).with.property('code', 'TRANSFER_INTERRUPTED')
      expect((error as ScripError).values).to.include({ received })
      return error
    }
  }
  const expectWhole = (have: Buffer[]) => expect(Buffer.concat(have).equals(content)).to.equal(true)

  it('goes on after the peer restarted, and pays for what is missing only', async () => {
    const have: Buffer[] = []
    for (const until of [100_000, 1_000_000, 2_000_000]) {
      const restart = async () => {
        await stopShop()
        await startShop(shop.port)
      }
      expect(await download(have, { until, happens: restart })).to.be.instanceOf(ScripError)
    }
    await download(have)
    expectWhole(have)
    // Each interruption may lose what was on its way, and a kilobyte that was only partly there.
    expect(spent() <= PRICE + 3n * BigInt(WINDOW + 1)).to.equal(true)
    const { accepted, charged } = await shop.books()
    expect(accepted).to.equal(spent())
    expect(charged <= accepted).to.equal(true)
  })

  it('goes on after the buyer restarted, through the same channel', async () => {
    const have: Buffer[] = []
    for (const until of [100_000, 1_000_000]) {
      await downloadPart(have, until)
      await stopBuyer()
      startBuyer()
    }
    await download(have)
    expectWhole(have)
    expect(await shop.payee.claimable()).to.have.lengthOf(1)
    expect(spent() <= PRICE + 2n * BigInt(WINDOW + 1)).to.equal(true)
  })

  it('goes on after both restarted', async () => {
    const have: Buffer[] = []
    await downloadPart(have, 500_000)
    await Promise.all([stopBuyer(), stopShop()])
    await startShop(shop.port)
    startBuyer()
    await download(have)
    expectWhole(have)
    expect(spent() <= PRICE + BigInt(WINDOW + 1)).to.equal(true)
  })

  it('goes on after the seller claimed in between', async () => {
    const have: Buffer[] = []
    await downloadPart(have, 1_000_000)
    const [best] = await shop.payee.claimable()
    if (best === undefined) throw new Error('Nothing to claim.')
    const { paid } = await claim(seller.client, { claim: best })
    await download(have)
    expectWhole(have)
    expect(paid <= spent()).to.equal(true)
  })

  /** Reads a part, and leaves the rest. */
  const downloadPart = async (have: Buffer[], until: number) => {
    const present = Buffer.concat(have).length
    const headers: Record<string, string> = present > 0 ? { range: `bytes=${present}-` } : {}
    const answer = await ask(headers)
    let received = 0
    for await (const chunk of answer.body ?? []) {
      have.push(Buffer.from(chunk))
      received += chunk.length
      if (present + received >= until) return
    }
  }

  describe('with state that was lost', () => {
    it('by the buyer, who has an older copy: it takes up its own newer payment from the seller', async () => {
      await downloadPart([], 200_000)
      await stopBuyer()
      const backup = `${buyerPath()}.backup`
      copyFileSync(buyerPath(), backup)
      for (const until of [1_000_000, 50_000]) {
        startBuyer()
        await downloadPart([], until)
        await stopBuyer()
      }
      copyFileSync(backup, buyerPath())
      const before = (await shop.books()).accepted
      startBuyer()
      const have: Buffer[] = []
      await download(have)
      expectWhole(have)
      expect(await shop.payee.claimable()).to.have.lengthOf(1)
      // No payment was made twice: the total goes on from what the seller held.
      const { accepted } = await shop.books()
      expect(accepted - before <= PRICE).to.equal(true)
      // The one made from the old copy was no more than the seller held.
      expect(accepted).to.equal(before + buyer.spent() - 1n)
    })

    it('by the buyer, who has nothing: it finds its channel on the chain, and what it paid at the seller', async () => {
      const have: Buffer[] = []
      await downloadPart(have, 200_000)
      await stopBuyer()
      const before = (await shop.books()).accepted
      startBuyer(memoryStore())
      await download(have)
      expectWhole(have)
      expect(await shop.payee.claimable()).to.have.lengthOf(1)
      const { wallet } = await getHoldings(person.client, { currency: market.currency })
      expect(GRANT - wallet).to.equal(10_000n)
      // The kilobyte that was signed before the state was known is no more than the seller held.
      expect((await shop.books()).accepted).to.equal(before + buyer.spent() - 1n)
    })

    it('by the buyer, who has nothing, after all was claimed: it goes on above what was claimed', async () => {
      const have: Buffer[] = []
      await downloadPart(have, 200_000)
      await stopBuyer()
      const [best] = await shop.payee.claimable()
      if (best === undefined) throw new Error('Nothing to claim.')
      const { paid } = await claim(seller.client, { claim: best })
      startBuyer(memoryStore())
      await download(have)
      expectWhole(have)
      const [next] = await shop.payee.claimable()
      expect(next && paidTotal(next, next.ticks)).to.equal(paid + buyer.spent())
    })

    it('by both, after all was claimed: nothing is credit twice', async () => {
      await downloadPart([], 200_000)
      await Promise.all([stopBuyer(), stopShop()])
      await startShop(shop.port)
      const [best] = await shop.payee.claimable()
      if (best === undefined) throw new Error('Nothing to claim.')
      const { paid } = await claim(seller.client, { claim: best })
      await stopShop()
      await startShop(shop.port, memoryStore())
      startBuyer(memoryStore())
      const have: Buffer[] = []
      await download(have)
      expectWhole(have)
      expect(buyer.spent()).to.equal(PRICE)
      expect((await shop.books()).accepted).to.equal(paid + PRICE)
    })

    it('by the seller: the buyer tells all it needs, and what it paid is credit again', async () => {
      const have: Buffer[] = []
      await downloadPart(have, 1_000_000)
      await stopShop()
      await startShop(shop.port, memoryStore())
      await download(have)
      expectWhole(have)
      const { accepted, charged, credit } = await booksAtLast()
      expect([accepted, charged + credit]).to.deep.equal([spent(), spent()])
      expect(spent() <= PRICE + BigInt(WINDOW + 1)).to.equal(true)
    })

    it('by both: a new channel serves as well as the first', async () => {
      const have: Buffer[] = []
      await downloadPart(have, 1_000_000)
      await Promise.all([stopBuyer(), stopShop()])
      await startShop(shop.port, memoryStore())
      startBuyer(memoryStore())
      await download(have)
      expectWhole(have)
    })
  })

  describe('that the payer has go on by itself', () => {
    const restart = async () => {
      await stopShop()
      await startShop(shop.port)
    }
    /** Reads an answer as if nothing could break, while things do break at each of some places. */
    const readOn = async (places: number[], happens: () => Promise<void> | void): Promise<Buffer> => {
      const chunks: Uint8Array[] = []
      let received = 0
      const answer = await buyer.fetch(`${shop.url}/file`)
      for await (const chunk of answer.body ?? []) {
        chunks.push(chunk)
        received += chunk.length
        if (received < (places[0] ?? Number.POSITIVE_INFINITY)) continue
        places.shift()
        await happens()
      }
      return Buffer.concat(chunks)
    }
    beforeEach(() => startBuyer(memoryStore(), 3))

    it('comes whole while the peer restarts, and only what is missing is paid for', async () => {
      expect((await readOn([1, 1_000_000, 2_000_000], restart)).equals(content)).to.equal(true)
      expect(spent() <= PRICE + 3n * BigInt(WINDOW + 1)).to.equal(true)
      expect((await booksAtLast()).accepted).to.equal(spent())
    })

    it('breaks off in the end, and says how much came', async () => {
      const cut = () => shop.server.closeAllConnections()
      const error = await readOn([1, 500_000, 1_000_000, 1_500_000], cut).catch((cause) => cause)
      expect(error).to.be.instanceOf(ScripError).with.property('code', 'TRANSFER_INTERRUPTED')
      expect(error.values.received).to.be.within(1_500_000, SIZE - 1)
      expect(error.values.length).to.equal(SIZE)
    })

    it('waits for a peer that is away', async () => {
      const { port } = shop
      const away = async () => {
        await stopShop()
        setTimeout(() => startShop(port), 150)
      }
      expect((await readOn([1_000_000], away)).equals(content)).to.equal(true)
    })

    it('is never put together from two files', async () => {
      const changed = async () => {
        await stopShop()
        writeFileSync(join(folder, 'goods', 'file'), Buffer.alloc(SIZE, 7))
        utimesSync(join(folder, 'goods', 'file'), 1, 1)
        await startShop(shop.port)
      }
      try {
        const error = await readOn([1_000_000], changed).catch((cause) => cause)
        expect(error).to.be.instanceOf(ScripError).with.property('code', 'TRANSFER_INTERRUPTED')
        expect(error.cause).to.have.property('code', 'PROTOCOL_VIOLATION')
      } finally {
        writeFileSync(join(folder, 'goods', 'file'), content)
      }
    })

    it('ends at once where it is aborted meanwhile, or its reader leaves', async () => {
      const stop = new AbortController()
      const answer = await buyer.fetch(`${shop.url}/file`, { signal: stop.signal })
      const reader = answer.body?.getReader()
      await reader?.read()
      await stopShop()
      setTimeout(() => stop.abort(new Error('enough')), 50)
      const readAll = async () => {
        while (!(await reader?.read())?.done);
      }
      expect(await readAll().catch((cause) => cause)).to.have.property('message', 'enough')
      await startShop(shop.port)

      const other = await buyer.fetch(`${shop.url}/file`)
      await other.body?.cancel()
      await new Promise((later) => setTimeout(later, 50))
      const before = spent()
      await stopShop()
      await startShop(shop.port)
      expect(spent()).to.equal(before)
    })
  })

  it('never takes more out of the wallet than its deposits', async () => {
    const have: Buffer[] = []
    await downloadPart(have, 1_000_000)
    await download(have)
    const { wallet } = await getHoldings(person.client, { currency: market.currency })
    expect(GRANT - wallet).to.equal(10_000n)
  })
})
