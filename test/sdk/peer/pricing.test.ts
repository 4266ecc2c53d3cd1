import { once } from 'node:events'
import type { IncomingMessage, RequestListener } from 'node:http'
import { createPayer, type Payer } from '@scrip/sdk/channels'
import { type KeptReceipt, readReceipts } from '@scrip/sdk/client'
import {
  ANSWER_HEADER,
  CREDIT_HEADER,
  PAYMENT_HEADER,
  PRICE_HEADER,
  type Price,
  QUOTE_ID_HEADER,
  type Quote,
  RECEIPT_PATH,
  readQuote,
  readReceipt,
  writeStatedPayment,
} from '@scrip/sdk/http'
import { paywall } from '@scrip/sdk/peer'
import { memoryStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import { network } from 'hardhat'
import { recoverTypedDataAddress } from 'viem'
import {
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
import { ask, carrying, openPayer, payAlone, problemIn, type WireAnswer } from '../../support/wire.ts'

const sell: RequestListener = (request, response) => {
  const size = Number(/\d+/.exec(request.url ?? '')?.[0] ?? 0)
  response.end(bytes(size))
}

describe('the price of an answer', () => {
  let market: Market
  let seller: Person
  let person: Person
  let shop: Shop
  let payer: Payer
  let price: Price | undefined

  before(async () => {
    market = await openMarket(await network.create())
  })
  beforeEach(async () => {
    seller = await market.person()
    person = await market.person()
    price = { perKilobyte: 4n }
    await open()
  })
  afterEach(() => shop.close())

  const open = async (options: Partial<ShopOptions> = {}, handler = sell) => {
    await shop?.close()
    shop = await openShop(market, handler, { seller, patience: 150, price: () => price, ...options })
    payer = await openPayer(market, person, shop)
  }
  const quoteFor = async (path: string): Promise<Quote> => quoteIn(await ask(shop.url + path))
  const quoteIn = ({ headers }: WireAnswer) => readQuote(headers['payment-required'] as string)
  const buy = async (amount: bigint, path = '/1024', headers: Record<string, string> = {}) => {
    const answer = await ask(shop.url + path, { headers: { ...carrying(await payer.pay(amount)), ...headers } })
    await answer.over
    return answer
  }
  const named = ({ id = '' }: Quote) => ({ [QUOTE_ID_HEADER]: id })
  const charged = async () => (await shop.books()).charged

  describe('is the one that was quoted', () => {
    it('until the quote expires, however the price moves', async () => {
      const quote = await quoteFor('/1024')
      for (const perKilobyte of [400n, 1n, 5n]) {
        price = { perKilobyte }
        const before = await charged()
        expect((await buy(4n, '/1024', named(quote))).status).to.equal(200)
        expect((await charged()) - before).to.equal(4n)
      }
    })

    it('by its unit, too', async () => {
      const quote = await quoteFor('/5000')
      price = { perCall: 1n }
      const answer = await buy(20n, '/5000', named(quote))
      expect(answer.headers[PRICE_HEADER]).to.equal('4/kilobyte')
      expect(await charged()).to.equal(20n)
    })

    it('and not any more when it expired: the refusal brings the new one', async () => {
      await open({ quoteSeconds: 1 })
      const quote = await quoteFor('/1024')
      price = { perKilobyte: 7n }
      while (Date.now() / 1000 < (quote.expiresAt ?? 0)) await delay(20)
      const answer = await buy(4n, '/1024', named(quote))
      expect(answer.status).to.equal(402)
      expect(await problemIn(answer)).to.include({ code: 'QUOTE_EXPIRED', expiresAt: quote.expiresAt })
      expect(quoteIn(answer)).to.include({ amount: 7n, unit: 'kilobyte' })
      expect((await buy(7n, '/1024', named(quoteIn(answer)))).status).to.equal(200)
      expect(await charged()).to.equal(7n)
    })

    it('for the same request only, and only as it was written', async () => {
      const quote = await quoteFor('/1024')
      price = { perKilobyte: 7n }
      const [expiry, rate, mac] = (quote.id ?? '').split('.') as [string, string, string]
      const forged = [
        `${expiry}.1/kilobyte.${mac}`,
        `${Number(expiry) + 1000}.${rate}.${mac}`,
        `${expiry}.${rate}.${mac.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))}`,
        `${expiry}.${rate}`,
        `${expiry}.${rate}.${mac}A`,
        '',
        'x'.repeat(5_000),
      ]
      for (const id of forged) {
        const answer = await buy(7n, '/1024', { [QUOTE_ID_HEADER]: id })
        expect([id, (await problemIn(answer))['code']]).to.deep.equal([id, 'QUOTE_EXPIRED'])
      }
      expect(await problemIn(await buy(7n, '/2048', named(quote)))).to.include({ code: 'QUOTE_EXPIRED' })
      const other = await openShop(market, sell, { seller, price: { perKilobyte: 1n }, payee: shop.payee })
      try {
        const cheap = quoteIn(await ask(`${other.url}/1024`))
        expect(await problemIn(await buy(7n, '/1024', named(cheap)))).to.include({ code: 'QUOTE_EXPIRED' })
      } finally {
        await other.close()
      }
      expect(await charged()).to.equal(0n)
    })

    it('for the same words where the price depends on more than the address', async () => {
      const byModel = ({ headers }: IncomingMessage): Price => ({ perCall: headers['x-model'] === 'large' ? 90n : 2n })
      const item = ({ headers }: IncomingMessage) => String(headers['x-model'])
      await shop.close()
      const listener = paywall(
        { payee: shop.payee, client: seller.client, currency: market.currency, price: byModel, item },
        sell,
      )
      const site = await listen(listener, shop.port)
      try {
        const small = quoteIn(await ask(`${site.url}/1`, { headers: { 'x-model': 'small' } }))
        const cheat = await buy(2n, '/1', { 'x-model': 'large', ...named(small) })
        expect(await problemIn(cheat)).to.include({ code: 'QUOTE_EXPIRED' })
        expect(quoteIn(cheat).amount).to.equal(90n)
        expect((await buy(2n, '/1', { 'x-model': 'small', ...named(small) })).status).to.equal(200)
      } finally {
        await site.close()
      }
    })

    it('behind every process that shares the secret', async () => {
      await open({ quoteSecret: 'of this shop' })
      const quote = await quoteFor('/1024')
      await open({ quoteSecret: 'of this shop' })
      price = { perKilobyte: 50n }
      expect((await buy(4n, '/1024', named(quote))).status).to.equal(200)
      await open({ quoteSecret: 'of another' })
      expect((await buy(4n, '/1024', named(quote))).status).to.equal(402)
    })
  })

  describe('is never more than the payer states', () => {
    it('also where the channel has credit for more', async () => {
      await payAlone(shop.url, await payer.pay(1_000n))
      const answer = await buy(3n, '/1024', { [PRICE_HEADER]: '3/kilobyte' })
      expect(answer.status).to.equal(402)
      expect(await problemIn(answer)).to.include({ code: 'PAYMENT_REQUIRED', amount: '4', unit: 'kilobyte' })
      expect(quoteIn(answer).amount).to.equal(4n)
      expect(await charged()).to.equal(0n)
    })

    it('nor for something else', async () => {
      for (const stated of [
        '4/call',
        '4',
        '',
        '0/kilobyte',
        '-4/kilobyte',
        '4/kilobyte ',
        '99999999999999999999999999999999/kilobyte',
      ]) {
        const answer = await buy(4n, '/1024', { [PRICE_HEADER]: stated })
        expect([stated, answer.status]).to.deep.equal([stated, stated === '4/kilobyte ' ? 200 : 402])
      }
    })

    it('and what it is where that is less', async () => {
      const answer = await buy(9n, '/1024', { [PRICE_HEADER]: '9/kilobyte' })
      expect(answer.headers).to.include({ [PRICE_HEADER]: '4/kilobyte', [CREDIT_HEADER]: '9' })
      expect(await charged()).to.equal(4n)
    })
  })

  describe('is asked for once', () => {
    const requests = async (work: (url: string) => Promise<unknown>) => {
      const seen: number[] = []
      const way = await listen((request, response) => {
        if (!request.url?.startsWith('/.well-known')) response.on('finish', () => seen.push(response.statusCode))
        shop.server.emit('request', request, response)
      })
      try {
        await work(way.url)
      } finally {
        await way.close()
      }
      return seen
    }

    it('on a channel that is known, whatever the address', async () => {
      const buyer = newBuyer(person)
      const seen = await requests(async (url) => {
        for (const path of ['/1024', '/2048', '/3000', '/1024']) {
          await (await buyer.fetch(url + path)).arrayBuffer()
        }
      })
      expect(seen).to.deep.equal([402, 200, 200, 200, 200])
    })

    it('and again only where it moved further than the payer goes along', async () => {
      const buyer = newBuyer(person, { tolerance: 0.5 })
      const seen = await requests(async (url) => {
        for (const amount of [4n, 6n, 8n, 13n, 2n]) {
          price = { perKilobyte: amount }
          await (await buyer.fetch(`${url}/10240`)).arrayBuffer()
        }
      })
      expect(seen).to.deep.equal([402, 200, 200, 200, 402, 200, 200])
      expect(await charged()).to.equal(10n * (4n + 6n + 8n + 13n + 2n))
    })

    it('and it holds for the next try, though it moves at every request', async () => {
      let moves = 0n
      await open({ price: () => ({ perKilobyte: 4n + moves++ }) })
      const buyer = newBuyer(person)
      for (let turn = 0; turn < 3; turn++) {
        const answer = await buyer.fetch(`${shop.url}/2000`)
        expect((await answer.arrayBuffer()).byteLength).to.equal(2_000)
      }
    })

    it('of each address that has a price of its own', async () => {
      const prices: Record<string, Price> = { '/call': { perCall: 5n }, '/bytes': { perKilobyte: 2n } }
      await open({ price: async ({ url }: IncomingMessage) => prices[String(url)] }, (_, response) => {
        response.end(bytes(3_000))
      })
      const buyer = newBuyer(person)
      const seen = await requests(async (url) => {
        expect((await buyer.fetch(`${url}/free`)).status).to.equal(200)
        for (const path of ['/call', '/bytes', '/call', '/bytes']) await (await buyer.fetch(url + path)).arrayBuffer()
      })
      expect(seen).to.deep.equal([200, 402, 200, 402, 200, 200, 200])
      expect(await charged()).to.equal(2n * (5n + 6n))
    })
  })

  it('that is none is refused before anything is sold', () => {
    const terms = { payee: shop.payee, client: seller.client, currency: market.currency }
    for (const wrong of [
      {},
      { perCall: 0n },
      { perCall: -1n },
      { perCall: 5 },
      { perCall: 1n, perSecond: 1n },
      { perHour: 1n },
    ]) {
      expect(() => paywall({ ...terms, price: wrong as never }, sell)).to.throw('A price is')
    }
  })

  it('whose function fails is this end’s difficulty', async () => {
    const errors: unknown[] = []
    await open({
      onError: (error) => errors.push(error),
      price: () => {
        throw new Error('secret')
      },
    })
    const answer = await buy(4n)
    expect([answer.status, JSON.stringify(await problemIn(answer)).includes('secret')]).to.deep.equal([500, false])
    expect(errors).to.have.lengthOf(1)
  })

  describe('by the second', () => {
    it('is for the time from head to end, written or not, and no further than it is paid', async () => {
      price = { perSecond: 3n }
      await open({ patience: 100 }, (_, response) => void response.write('now'))
      const started = Date.now()
      const answer = await ask(shop.url, { headers: carrying(await payer.pay(6n)) })
      expect(await answer.over).to.equal(false)
      expect(Date.now() - started).to.be.within(1_950, 15_000)
      expect(await charged()).to.equal(6n)
    })

    it('is paid as it passes', async () => {
      price = { perSecond: 3n }
      await open({ patience: 2_000 }, (_, response) => {
        response.write('begin')
        setTimeout(() => response.end('end'), 2_050)
      })
      const buyer = newBuyer(person)
      expect(await (await buyer.fetch(shop.url)).text()).to.equal('beginend')
      expect(await charged()).to.equal(9n)
      expect(buyer.spent()).to.be.oneOf([9n, 12n])
    })
  })

  describe('goes in one header', () => {
    /** Headers of paid requests of a payer that the payee knows. */
    const sent = async (perKilobyte: bigint, count: number) => {
      price = { perKilobyte }
      await open()
      const headers: string[] = []
      const way = await listen((request, response) => {
        const header = request.headers[PAYMENT_HEADER]
        if (typeof header === 'string' && !request.url?.startsWith('/.well-known')) headers.push(header)
        if (request.headers['scrip-amount'] !== undefined) throw new Error('The payment takes a second header.')
        shop.server.emit('request', request, response)
      })
      const buyer = newBuyer(person, { deposit: 10n ** 8n, limits: { perRequest: 10n ** 8n }, receipts: 0 })
      try {
        for (let turn = 0; turn < count; turn++) {
          const size = turn % 20 === 0 ? 100_000 : 1_024
          expect((await (await buyer.fetch(`${way.url}/${size}`)).arrayBuffer()).byteLength).to.equal(size)
        }
      } finally {
        await way.close()
      }
      return headers
    }

    it('of at most 150 characters, tick or voucher, once the channel is known', async () => {
      for (const perKilobyte of [1n, 7n, 250n]) {
        const [first = '', ...headers] = await sent(perKilobyte, 300)
        expect(first.length).to.be.greaterThan(150)
        const lengths = headers.map(({ length }) => length)
        expect(Math.max(...lengths)).to.be.at.most(150)
        // Both kinds were among them.
        expect(lengths.some((length) => length < 110)).to.equal(true)
      }
    })

    it('that names its channel by a few bytes where it is a voucher, and is taken after a restart all the same', async () => {
      const store = memoryStore()
      await open({ store })
      const { channel } = payer
      const overtaking = createPayer({
        channel: { ...channel, funded: 100_000n },
        signer: person.account,
        store: memoryStore(),
        tickAmount: 4n,
        overtaking: true,
      })
      const first = await overtaking.pay(4n)
      expect((await ask(`${shop.url}/1024`, { headers: carrying(first) })).status).to.equal(200)
      overtaking.confirm(first)
      const voucher = await overtaking.pay(4_000n)
      const header = writeStatedPayment(voucher, { amount: 4_000n, arrived: 4n }, true)
      expect(header).to.have.lengthOf(150)
      const answer = await ask(`${shop.url}/1024`, { headers: { [PAYMENT_HEADER]: header } })
      expect([answer.status, answer.headers[CREDIT_HEADER]]).to.deep.equal([200, '4000'])
      await answer.over
      // A payee that does not know these few bytes asks for all.
      await shop.close()
      shop = await openShop(market, sell, { seller, store, price: { perKilobyte: 4n } })
      overtaking.confirm(voucher)
      const next = await overtaking.pay(4_000n)
      const short = writeStatedPayment(next, { amount: 4_000n }, true)
      expect(await problemIn(await ask(`${shop.url}/1024`, { headers: { [PAYMENT_HEADER]: short } }))).to.include({
        code: 'UNKNOWN_CHANNEL',
      })
      expect((await ask(`${shop.url}/1024`, { headers: carrying(next) })).status).to.equal(200)
    })
  })

  describe('is stated in a receipt', () => {
    const receiptOf = async (id: unknown) => {
      const answer = await ask(shop.url + RECEIPT_PATH, { headers: { [ANSWER_HEADER]: String(id) } })
      await answer.over
      return { status: answer.status, receipt: readReceipt(answer.body().toString()) }
    }

    it('that says what was served and charged, for each answer', async () => {
      const answer = await buy(20n, '/3000?a=b')
      const { receipt } = await receiptOf(answer.headers[ANSWER_HEADER])
      expect(receipt).to.include({
        chainId: market.chainId,
        channelId: payer.channel.id,
        answer: answer.headers[ANSWER_HEADER],
        resource: 'GET /3000?a=b',
        status: 200,
        bytes: 3_000,
        charged: 12n,
        isFinal: true,
      })
      expect(receipt).to.not.have.property('signature')
    })

    it('that nobody gets who does not know the answer', async () => {
      for (const id of ['', 'x', crypto.randomUUID()]) expect((await receiptOf(id)).status).to.equal(404)
    })

    it('that is not final while the answer goes on, and says nothing that did not happen when it fails', async () => {
      await open({ patience: 2_000 }, (_, response) => void response.write(bytes(2_000)))
      const answer = await ask(shop.url, { headers: carrying(await payer.pay(8n)) })
      await answer.arrived(2_000)
      expect((await receiptOf(answer.headers[ANSWER_HEADER])).receipt).to.include({
        bytes: 2_000,
        charged: 8n,
        isFinal: false,
      })
      const closed = once(shop.server, 'request').then(([request]) => once(request.socket, 'close'))
      answer.hangUp()
      await Promise.race([closed, delay(100)])
      expect((await receiptOf(answer.headers[ANSWER_HEADER])).receipt).to.include({ isFinal: true, charged: 8n })
    })

    it('that the payee signs where it has its key, by EIP-712, and the payer keeps', async () => {
      await open({ receiptSigner: seller.account })
      const kept: KeptReceipt[] = []
      const { promise, resolve } = Promise.withResolvers<void>()
      const buyer = newBuyer(person, {
        receipts: 2,
        onReceipt: (receipt) => {
          kept.push(receipt)
          if (kept.length === 3) resolve()
        },
      })
      for (const size of [1_000, 2_000, 50_000]) {
        await (await buyer.fetch(`${shop.url}/${size}`)).arrayBuffer()
        while (kept.length === 0) await delay(5)
      }
      await promise
      const receipt = kept.find(({ bytes }) => bytes === 2_000) as KeptReceipt
      expect(receipt).to.include({ received: 2_000, charged: 8n, url: `${shop.url}/2000`, payee: shop.payee.address })
      const { chainId, contract, signature = '0x', channelId, answer, resource, status, charged, at } = receipt
      const signer = await recoverTypedDataAddress({
        domain: { name: 'Scrip Service Receipt', version: '1', chainId, verifyingContract: contract },
        types: {
          ServiceReceipt: [
            { name: 'channelId', type: 'bytes32' },
            { name: 'answer', type: 'string' },
            { name: 'resource', type: 'string' },
            { name: 'status', type: 'uint16' },
            { name: 'bytes', type: 'uint64' },
            { name: 'charged', type: 'uint96' },
            { name: 'at', type: 'uint40' },
            { name: 'isFinal', type: 'bool' },
          ],
        },
        primaryType: 'ServiceReceipt',
        message: { channelId, answer, resource, status, bytes: 2_000n, charged, at, isFinal: true },
        signature,
      })
      expect(signer).to.equal(seller.account.address)
      // The store keeps the newest.
      const inStore = await readReceipts(buyer.store)
      expect(inStore).to.deep.equal(kept.slice(1))
    })

    it('that is not kept where it is another’s, or forged', async () => {
      let body = ''
      const kept: KeptReceipt[] = []
      const asked: string[] = []
      const way = await listen((request, response) => {
        if (request.url === RECEIPT_PATH) {
          asked.push(body)
          response.end(body)
        } else shop.server.emit('request', request, response)
      })
      const buyer = newBuyer(person, { onReceipt: (receipt) => kept.push(receipt) })
      try {
        const first = await buyer.fetch(`${way.url}/1000`)
        await first.arrayBuffer()
        const mine = {
          chainId: 1,
          contract: payer.channel.contract,
          channelId: payer.channel.id,
          resource: '',
          status: 200,
          bytes: 1,
          charged: '1',
          at: 1,
          isFinal: true,
        }
        for (const forged of [
          '',
          'null',
          '{}',
          JSON.stringify({ ...mine, answer: 'another' }),
          JSON.stringify({ ...mine, answer: 'same', signature: `0x${'11'.repeat(65)}` }),
          'x'.repeat(100_000),
        ]) {
          body = forged
          const answer = await buyer.fetch(`${way.url}/1000`)
          body = forged.replace('same', answer.headers.get(ANSWER_HEADER) ?? '')
          await answer.arrayBuffer()
          for (let turn = 0; !asked.includes(body) && turn < 200; turn++) await delay(5)
          expect(asked).to.include(body)
        }
        await delay(20)
        expect(kept).to.deep.equal([])
      } finally {
        await way.close()
      }
    })

    it('signed by the payee only', () => {
      const terms = { payee: shop.payee, client: seller.client, currency: market.currency, price: { perCall: 1n } }
      expect(() => paywall({ ...terms, receiptSigner: person.account }, sell)).to.throw('signed by the payee')
    })
  })
})

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
