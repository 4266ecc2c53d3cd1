import { mkdtempSync, rmSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCurrency, getHoldings, mint } from '@scrip/sdk/chain'
import { ScripError } from '@scrip/sdk/errors'
import { KILOBYTE, PAYMENT_HEADER, writeQuote } from '@scrip/sdk/http'
import { eigenTrust, Graph, maxFlow } from '@scrip/sdk/reputation'
import { memoryStore, sqliteStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import { network } from 'hardhat'
import { type Address, parseEther, parseUnits } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { addresses } from '../../../sdk/chain/addresses.ts'
import {
  type BuyerOptions,
  bytes,
  listen,
  type Market,
  newBuyer,
  openMarket,
  openShop,
  type Person,
  type Shop,
  type ShopOptions,
} from '../../support/market.ts'

const GRANT = 10n ** 9n
const LIMITS = { perRequest: 1_000n }
const folder = mkdtempSync(join(tmpdir(), 'scrip-policy-'))

/** `/5` is five kilobytes. */
const sell: RequestListener = (request, response) => {
  const size = KILOBYTE * Number(request.url?.slice(1))
  response.writeHead(200, { 'content-length': size }).end(bytes(size))
}

describe('payingFetch and its policy', () => {
  let market: Market
  let person: Person
  /** A second currency. */
  let other: Address
  const sites: { close(): Promise<void> }[] = []

  before(async () => {
    market = await openMarket(await network.create())
    const config = { name: 'Other dollar', symbol: 'OTH', decimals: 6 }
    other = (await createCurrency(market.issuer.client, config)).currency
  })
  beforeEach(async () => {
    person = await market.person(GRANT)
    await mint(market.issuer.client, { currency: other, to: person.account.address, amount: GRANT })
  })
  afterEach(async () => {
    await Promise.all(sites.splice(0).map((site) => site.close()))
  })
  after(() => rmSync(folder, { recursive: true }))

  const shopOf = async (options: Partial<ShopOptions> = {}): Promise<Shop> => {
    const shop = await openShop(market, sell, { seller: await market.person(), ...options })
    sites.push(shop)
    return shop
  }
  const buyerOf = (options: BuyerOptions = {}) => newBuyer(person, { limits: LIMITS, ...options })
  /** The code of the refusal, or how many bytes came. */
  const take = async ({ fetch }: { fetch: (url: string) => Promise<Response> }, url: string) => {
    try {
      return (await (await fetch(url)).arrayBuffer()).byteLength
    } catch (error) {
      return error instanceof ScripError ? error.code : error
    }
  }
  const deposited = async (currency: Address) => GRANT - (await getHoldings(person.client, { currency })).wallet

  describe('a currency that is not listed', () => {
    it('gets no deposit and no signature', async () => {
      const shop = await shopOf({ currency: other })
      const buyer = buyerOf({ currencies: { [market.currency]: parseEther('1') } })
      expect(await take(buyer, `${shop.url}/1`)).to.equal('CURRENCY_NOT_ACCEPTED')
      expect([await deposited(other), buyer.spent(), (await shop.books()).accepted]).to.deep.equal([0n, 0n, 0n])
    })

    it('is refused too where a peer comes to it later', async () => {
      const seller = await market.person()
      const first = await shopOf({ seller })
      const buyer = buyerOf({ currencies: { [market.currency]: parseEther('1') } })
      expect(await take(buyer, `${first.url}/1`)).to.equal(KILOBYTE)
      await first.close()
      const next = await shopOf({ seller, currency: other, port: first.port })
      expect(await take(buyer, `${next.url}/1`)).to.equal('CURRENCY_NOT_ACCEPTED')
      expect(await deposited(other)).to.equal(0n)
    })

    it('is refused where a stock x402 server asks for it', async () => {
      const offer = {
        network: `eip155:${market.chainId}`,
        asset: other,
        amount: '1',
        payTo: privateKeyToAccount(generatePrivateKey()).address,
        maxTimeoutSeconds: 60,
      }
      const offers = [
        { ...offer, scheme: 'channel', extra: { contract: addresses.paymentChannels } },
        { ...offer, scheme: 'exact', extra: { name: 'Other dollar', version: '1' } },
      ]
      for (const accepts of offers.map((one) => [one])) {
        let wasPaid = false
        const site = await listen((request, response) => {
          wasPaid ||= request.headers['payment-signature'] !== undefined
          const header = btoa(JSON.stringify({ x402Version: 2, resource: { url: '/' }, accepts }))
          response.writeHead(402, { 'payment-required': header }).end()
        })
        sites.push(site)
        const buyer = buyerOf({ currencies: { [market.currency]: parseEther('1') }, exact: [other] })
        expect(await take(buyer, site.url)).to.equal('CURRENCY_NOT_ACCEPTED')
        expect([wasPaid, await deposited(other)]).to.deep.equal([false, 0n])
      }
    })
  })

  describe('a payee’s reputation', () => {
    it('that is too low gets it no deposit and no signature', async () => {
      const shop = await shopOf()
      const asked: Address[] = []
      for (const score of [0, 0.49, Number.NaN, -1n]) {
        const trust = {
          least: 0.5,
          score: async (payee: Address) => {
            asked.push(payee)
            return score
          },
        }
        const buyer = buyerOf({ trust })
        expect([score, await take(buyer, `${shop.url}/1`)]).to.deep.equal([score, 'PAYEE_NOT_TRUSTED'])
        expect([await deposited(market.currency), buyer.spent()]).to.deep.equal([0n, 0n])
      }
      expect(asked).to.deep.equal(new Array(4).fill(shop.payee.address.toLowerCase()))
    })

    it('that cannot be known pays nobody', async () => {
      const shop = await shopOf()
      const failure = new Error('The indexer is down.')
      const score = () => Promise.reject(failure)
      expect(await take(buyerOf({ trust: { score, least: 0 } }), `${shop.url}/1`)).to.equal(failure)
      expect(await deposited(market.currency)).to.equal(0n)
    })

    it('is asked again when another payee takes the first one’s place', async () => {
      const good = await shopOf()
      const score = (payee: Address) => (payee === good.payee.address.toLowerCase() ? 1 : 0)
      const buyer = buyerOf({ trust: { score, least: 1 } })
      expect(await take(buyer, `${good.url}/100`)).to.equal(100 * KILOBYTE)
      await good.close()
      const bad = await shopOf({ port: good.port })
      expect(await take(buyer, `${bad.url}/1`)).to.equal('PAYEE_NOT_TRUSTED')
      expect(await bad.books()).to.include({ accepted: 0n })
    })

    it('may come from a graph, by trust or by flow', async () => {
      const [shop, stranger] = [await shopOf(), await shopOf()]
      const me = person.account.address
      const friend = privateKeyToAccount(generatePrivateKey()).address
      const graph = Graph.fromEdges([
        [me, friend, 10n],
        [friend, shop.payee.address, 3n],
      ])
      const { scores } = eigenTrust(graph, { seeds: [me] })
      const policies = [
        { score: (payee: Address) => scores.get(payee) ?? 0, least: 0.01 },
        { score: (payee: Address) => maxFlow(graph, me, payee).value, least: 3n },
      ]
      for (const trust of policies) {
        const buyer = buyerOf({ trust })
        expect(await take(buyer, `${shop.url}/1`)).to.equal(KILOBYTE)
        expect(await take(buyer, `${stranger.url}/1`)).to.equal('PAYEE_NOT_TRUSTED')
      }
    })
  })

  describe('a limit per payee', () => {
    it('holds over requests, restarts and many at once, and for each payee apart', async () => {
      const [shop, next] = [await shopOf(), await shopOf()]
      const path = join(folder, 'payee.db')
      const outcomes: unknown[] = []
      let spent = 0n
      for (let start = 0; start < 3; start++) {
        const store = sqliteStore(path)
        const buyer = buyerOf({ store, limits: { perRequest: 5n, perPayee: 20n }, deposit: 100n })
        outcomes.push(...(await Promise.all(Array.from({ length: 6 }, () => take(buyer, `${shop.url}/2`)))))
        spent += buyer.spent()
        if (start === 2) expect(await take(buyer, `${next.url}/2`)).to.equal(2 * KILOBYTE)
        await store.close()
      }
      // Of requests that come at once some may have paid for a first kilobyte when the limit stops them.
      expect(spent).to.equal(20n)
      expect((await shop.books()).accepted).to.equal(20n)
      expect(outcomes.filter((outcome) => outcome === 'LIMIT_EXCEEDED').length).to.be.at.least(8)
      expect(outcomes.filter((outcome) => outcome !== 'LIMIT_EXCEEDED' && outcome !== 2 * KILOBYTE)).to.deep.equal([])
    })

    it('is not used up by what could not be paid', async () => {
      const shop = await shopOf()
      const poor = await market.person(0n)
      const store = memoryStore()
      const buyer = newBuyer(poor, { store, limits: { perRequest: 5n, perPayee: 5n, perDay: 5n }, deposit: 5n })
      for (let time = 0; time < 7; time++) expect(await take(buyer, `${shop.url}/5`)).to.equal('INSUFFICIENT_BALANCE')
      await mint(market.issuer.client, { currency: market.currency, to: poor.account.address, amount: 5n })
      expect(await take(buyer, `${shop.url}/5`)).to.equal(5 * KILOBYTE)
    })
  })

  describe('limits in units of account', () => {
    const rates = () => ({ [market.currency]: parseUnits('2', 18), [other]: parseUnits('0.5', 18) })

    it('hold over all currencies together, by their rates', async () => {
      const [shop, cheap] = [await shopOf(), await shopOf({ currency: other })]
      const limits = { perRequest: 100n, perDay: 30n }
      const buyer = buyerOf({ currencies: rates(), limits })
      // 10 kilobytes at 2 are 20; 20 at a half are the other 10.
      expect(await take(buyer, `${shop.url}/10`)).to.equal(10 * KILOBYTE)
      expect(await take(buyer, `${cheap.url}/21`)).to.equal('LIMIT_EXCEEDED')
      expect(await take(buyer, `${cheap.url}/19`)).to.equal(19 * KILOBYTE)
      expect(await take(buyer, `${cheap.url}/1`)).to.equal('LIMIT_EXCEEDED')
      expect((await cheap.books()).accepted).to.equal(20n)
    })

    it('hold for one request, exactly', async () => {
      const shop = await shopOf({ currency: other })
      const buyer = buyerOf({ currencies: rates(), limits: { perRequest: 3n } })
      expect(await take(buyer, `${shop.url}/6`)).to.equal(6 * KILOBYTE)
      expect(await take(buyer, `${shop.url}/7`)).to.equal('LIMIT_EXCEEDED')
    })

    it('count the deposit too', async () => {
      const shop = await shopOf({ currency: other })
      await take(buyerOf({ currencies: rates(), deposit: 50n }), `${shop.url}/1`)
      expect(await deposited(other)).to.equal(100n)
    })

    it('need rates that can be used', () => {
      const wrong = [{ [market.currency]: 0n }, { [market.currency]: -1n }, { '0x12': 1n }]
      for (const currencies of [...wrong, { [market.currency]: 1 as unknown as bigint }]) {
        expect(() => buyerOf({ currencies }))
          .to.throw(ScripError)
          .with.property('code', 'INVALID_ARGUMENT')
      }
    })
  })

  describe('several offers', () => {
    /** A site that asks to be paid by any of several quotes, and has a shop take what is paid. */
    const marketplace = async (shop: Shop, quotes: string[]) => {
      const accepts = quotes.flatMap((header) => JSON.parse(atob(header)).accepts)
      const header = btoa(JSON.stringify({ x402Version: 2, resource: { url: '/' }, accepts }))
      const site = await listen((request, response) => {
        if (request.headers[PAYMENT_HEADER] === undefined) {
          response.writeHead(402, { 'payment-required': header }).end()
          return
        }
        shop.server.emit('request', request, response)
      })
      sites.push(site)
      return site
    }
    const quoteOf = (shop: Shop, currency: Address, amount: bigint) =>
      writeQuote(
        {
          chainId: market.chainId,
          contract: addresses.paymentChannels,
          currency,
          payee: shop.payee.address,
          unit: 'kilobyte',
          amount,
        },
        '/',
      )

    it('are compared by rate, and the cheapest is paid', async () => {
      const dear = await shopOf({ perKilobyte: 3n })
      const cheap = await shopOf({ currency: other, perKilobyte: 4n })
      const site = await marketplace(cheap, [quoteOf(dear, market.currency, 3n), quoteOf(cheap, other, 4n)])
      const buyer = buyerOf({ currencies: { [market.currency]: parseEther('1'), [other]: parseEther('0.7') } })
      expect(await take(buyer, `${site.url}/9`)).to.equal(9 * KILOBYTE)
      expect(await cheap.books()).to.include({ accepted: 36n })
      expect(await deposited(market.currency)).to.equal(0n)
    })

    it('that the payer cannot pay are left, as are those in currencies that are not listed', async () => {
      const cheap = await shopOf({ perKilobyte: 1n })
      const dear = await shopOf({ currency: other, perKilobyte: 4n })
      const site = await marketplace(dear, [quoteOf(cheap, market.currency, 1n), quoteOf(dear, other, 4n)])
      const both = { [market.currency]: parseEther('1'), [other]: parseEther('1') }
      expect(await take(buyerOf({ currencies: { [other]: parseEther('1') } }), `${site.url}/2`)).to.equal(2 * KILOBYTE)

      const poor = await market.person(0n)
      await mint(market.issuer.client, { currency: other, to: poor.account.address, amount: 100n })
      const buyer = newBuyer(poor, { limits: { perRequest: 100n }, currencies: both })
      expect(await take(buyer, `${site.url}/2`)).to.equal(2 * KILOBYTE)
      expect(await deposited(market.currency)).to.equal(0n)
    })
  })
})
