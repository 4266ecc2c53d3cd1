import { EventEmitter, once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { RequestListener, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createGate } from '@scrip/sdk/admission'
import {
  admit,
  claim,
  claimAllowance,
  createCurrency,
  createNetwork,
  expel,
  mint,
  RATIO_UNIT,
  requestExit,
  setPolicy,
  setRatioTerms,
  setWeight,
  sync,
  topUp,
} from '@scrip/sdk/chain'
import {
  channelId,
  createPayer,
  decodePayment,
  encodePayment,
  type Payer,
  type Statement,
  walkTicks,
} from '@scrip/sdk/channels'
import { ANSWER_HEADER, CREDIT_HEADER, KILOBYTE, PAYMENT_HEADER, readQuote } from '@scrip/sdk/http'
import { memoryStore, sqliteStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import fc from 'fast-check'
import { network } from 'hardhat'
import { createWalletClient, custom, http, toBytes, toHex } from 'viem'
import { addresses } from '../../../sdk/chain/addresses.ts'
import { allPayeeRecords } from '../../../sdk/channels/payeeRecords.ts'
import {
  bytes,
  type Market,
  openMarket,
  openShop,
  type Person,
  type Shop,
  type ShopOptions,
} from '../../support/market.ts'
import { ask, carrying, openPayer, payAlone, problemIn, type WireAnswer } from '../../support/wire.ts'

const SIZE = 1_000_000
const body = bytes(SIZE)
const folder = mkdtempSync(join(tmpdir(), 'scrip-peer-'))

describe('paywall', () => {
  let market: Market
  let seller: Person
  let person: Person
  let shop: Shop
  let payer: Payer

  before(async () => {
    market = await openMarket(await network.create())
  })
  beforeEach(async () => {
    seller = await market.person()
    person = await market.person()
    await open(sell)
  })
  afterEach(() => shop.close())
  after(() => rmSync(folder, { recursive: true }))

  /** Opens the shop anew, with a payer who has a channel to it. */
  const open = async (handler: RequestListener, options: Partial<ShopOptions> = {}) => {
    await shop?.close()
    shop = await openShop(market, handler, { seller, patience: 150, ...options })
    payer = await openPayer(market, person, shop)
  }
  const buy = async (amount: bigint, headers: Record<string, string> = {}, path = '', statement: Statement = {}) =>
    ask(shop.url + path, { headers: { ...carrying(await payer.pay(amount), statement), ...headers } })
  const payOn = async (amount: bigint, answer: WireAnswer) =>
    payAlone(shop.url, await payer.pay(amount), { answer, amount })

  describe('without a payment', () => {
    it('answers 402 with a quote that says what to pay to whom', async () => {
      const answer = await ask(`${shop.url}/some/thing?q=1`)
      expect(answer.status).to.equal(402)
      expect(answer.headers['content-type']).to.equal('application/problem+json')
      expect(answer.headers['cache-control']).to.equal('no-store')
      const quote = readQuote(answer.headers['payment-required'] as string)
      expect(quote.expiresAt).to.be.closeTo(Math.floor(Date.now() / 1000) + 60, 5)
      expect(quote).to.deep.equal({
        chainId: market.chainId,
        contract: addresses.paymentChannels.toLowerCase(),
        currency: market.currency.toLowerCase(),
        payee: seller.account.address.toLowerCase(),
        unit: 'kilobyte',
        amount: 1n,
        id: quote.id,
        expiresAt: quote.expiresAt,
      })
      const problem = await problemIn(answer)
      expect(problem).to.include({ code: 'PAYMENT_REQUIRED', status: 402, unit: 'kilobyte', amount: '1' })
    })

    it('writes the quote in the shape of x402, version 2', async () => {
      const { headers } = await ask(`${shop.url}/some/thing`)
      const quote = JSON.parse(atob(headers['payment-required'] as string))
      expect(quote).to.include({ x402Version: 2 })
      expect(quote.resource).to.deep.equal({ url: '/some/thing' })
      expect(quote.accepts).to.have.lengthOf(1)
      expect(quote.accepts[0]).to.include({ scheme: 'scrip-channel', network: 'eip155:31337', amount: '1' })
    })

    it('does not let the handler see the request', async () => {
      let calls = 0
      await open((_, response) => {
        calls++
        response.end()
      })
      await (await ask(shop.url)).over
      expect(calls).to.equal(0)
      await (await buy(1n)).over
      expect(calls).to.equal(1)
    })
  })

  describe('what is served', () => {
    it('is never more than what is paid, and the client that pays no further is cut off', async () => {
      const answer = await buy(3n)
      expect(await answer.over).to.equal(false)
      expect(answer.body()).to.deep.equal(Buffer.from(body.subarray(0, 3 * KILOBYTE)))
      expect(await shop.books()).to.deep.equal({ accepted: 3n, charged: 3n, credit: 0n })
    })

    it('follows the payments, whatever their sizes', async () => {
      const sequences = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 })
      await fc.assert(
        fc.asyncProperty(sequences, async ([first = 1, ...more]) => {
          const answer = await buy(BigInt(first))
          let paid = first
          await answer.arrived(paid * KILOBYTE)
          for (const count of more) {
            expect((await payOn(BigInt(count), answer)).status).to.equal(204)
            paid += count
            await answer.arrived(paid * KILOBYTE)
          }
          expect(await answer.over).to.equal(false)
          expect(answer.body()).to.deep.equal(Buffer.from(body.subarray(0, paid * KILOBYTE)))
        }),
        { numRuns: 8, seed: 3 },
      )
    })

    it('is counted in bytes, not in writes', async () => {
      await open(async (_, response) => {
        for (let offset = 0; offset < 3_000; offset++) response.write(body.subarray(offset, offset + 1))
        response.end()
      })
      const answer = await buy(10n)
      expect(await answer.over).to.equal(true)
      expect(answer.body()).to.deep.equal(Buffer.from(body.subarray(0, 3_000)))
      expect(await shop.books()).to.include({ charged: 3n })
    })

    it('is text as well as bytes, in the encoding that the handler names', async () => {
      await open((_, response) => {
        response.write('grün ', 'latin1')
        response.end('und blau')
      })
      const answer = await buy(1n)
      await answer.over
      expect(answer.body().toString('latin1')).to.equal('grün und blau')
    })

    it('is not read from its source long before it is paid', async () => {
      let produced = 0
      const source = function* () {
        for (; produced < 10 * SIZE; produced += 16_384) yield bytes(16_384)
      }
      await open((_, response) => void Readable.from(source()).pipe(response))
      const answer = await buy(1n)
      await answer.over
      expect(produced).to.be.lessThan(20 * 16_384)
    })

    it('ends the wait for a payment when the client hangs up', async () => {
      const closed = new EventEmitter()
      await open(
        (_, response) => {
          response.on('close', () => closed.emit('now'))
          response.end(body)
        },
        { patience: 600_000 },
      )
      const answer = await buy(2n)
      await answer.arrived(2 * KILOBYTE)
      const ended = once(closed, 'now')
      answer.hangUp()
      await ended
    })

    it('leaves what was set aside for it to the next when the client hangs up', async () => {
      const closed = new EventEmitter()
      await open((_, response) => {
        response.on('close', () => closed.emit('now'))
        response.flushHeaders()
      })
      const answer = await buy(2n)
      const during = await buy(1n)
      const ended = once(closed, 'now')
      answer.hangUp()
      await ended
      const after = await buy(1n)
      expect([answer, during, after].map(({ headers }) => headers[CREDIT_HEADER])).to.deep.equal(['2', '1', '3'])
      during.hangUp()
      after.hangUp()
    })

    it('goes out with headers that no shared cache keeps, unless the handler says otherwise', async () => {
      const answer = await buy(1n, {}, '/small')
      expect(answer.headers['cache-control']).to.equal('private, max-age=0')
      await open((_, response) => response.setHeader('cache-control', 'public').end('x'))
      expect((await buy(1n)).headers['cache-control']).to.equal('public')
    })

    it('costs nothing without a body, and nothing but for a success', async () => {
      for (const [path, status] of [
        ['/304', 304],
        ['/204', 204],
        ['/302', 302],
        ['/404', 404],
        ['/500', 500],
      ] as const) {
        const answer = await buy(1n, {}, path)
        expect([answer.status, await answer.over]).to.deep.equal([status, true])
      }
      const head = await ask(`${shop.url}/small`, { method: 'HEAD', headers: carrying(await payer.pay(1n)) })
      expect([head.status, await head.over]).to.deep.equal([200, true])
      expect(await shop.books()).to.include({ charged: 0n })
    })
  })

  describe('the credit of a channel', () => {
    it('that earlier answers left is for the next one', async () => {
      await (await buy(10n, {}, '/small')).over
      const answer = await buy(1n)
      expect(answer.headers[CREDIT_HEADER]).to.equal('10')
      await answer.over
      expect(answer.body()).to.have.lengthOf(10 * KILOBYTE)
    })

    it('that was paid for one answer is not taken by another', async () => {
      await open(sell, { patience: 5_000 })
      const one = await buy(2n)
      const other = await buy(2n, {}, '', { amount: 2n })
      await one.arrived(2 * KILOBYTE)
      await other.arrived(2 * KILOBYTE)
      await payOn(7n, other)
      await other.arrived(9 * KILOBYTE)
      expect(one.body()).to.have.lengthOf(2 * KILOBYTE)
      await payOn(1n, one)
      await one.arrived(3 * KILOBYTE)
      expect(other.body()).to.have.lengthOf(9 * KILOBYTE)
      one.hangUp()
      other.hangUp()
    })

    it('is divided as the payments state, in whatever order they arrive', async () => {
      await open(sell, { patience: 5_000 })
      const one = await buy(1n)
      const other = await buy(1n, {}, '', { amount: 1n })
      const forOne = await payer.pay(5n)
      const forOther = await payer.pay(3n)
      // The newer payment includes the older one.
      await payAlone(shop.url, forOther, { answer: other, amount: 3n })
      await other.arrived(4 * KILOBYTE)
      await payAlone(shop.url, forOne, { answer: one, amount: 5n })
      await one.arrived(6 * KILOBYTE)
      expect(other.body()).to.have.lengthOf(4 * KILOBYTE)
      one.hangUp()
      other.hangUp()
    })

    it('is for whoever needs it first where a payment states nothing', async () => {
      const answer = await buy(1n)
      await payAlone(shop.url, await payer.pay(2n))
      await answer.arrived(3 * KILOBYTE)
      expect(await answer.over).to.equal(false)
      expect(answer.body()).to.have.lengthOf(3 * KILOBYTE)
    })

    it('is not given away by what somebody else states about it', async () => {
      const victim = await buy(2n)
      await victim.arrived(2 * KILOBYTE)
      const mallory = await openPayer(market, await market.person(), shop)
      const stolen = { answer: victim, amount: 1_000n }
      expect((await payAlone(shop.url, await mallory.pay(1n), stolen)).status).to.equal(204)
      expect(await victim.over).to.equal(false)
      expect(victim.body()).to.have.lengthOf(2 * KILOBYTE)
      const overstated = await ask(shop.url, {
        headers: { ...carrying(await mallory.pay(1n), { amount: 1_000_000n }), [ANSWER_HEADER]: 'no such answer' },
      })
      await overstated.over
      expect(overstated.body()).to.have.lengthOf(2 * KILOBYTE)
    })

    it('is one credit behind two prices', async () => {
      const dear = await openShop(market, sell, { seller, perKilobyte: 5n, payee: shop.payee })
      try {
        const cheap = await buy(3n)
        const answer = await ask(dear.url, { headers: carrying(await payer.pay(5n), { amount: 5n }) })
        await cheap.arrived(3 * KILOBYTE)
        await answer.arrived(KILOBYTE)
        // A payment for either may be brought to either.
        await payAlone(shop.url, await payer.pay(10n), { answer, amount: 10n })
        await answer.arrived(3 * KILOBYTE)
        answer.hangUp()
      } finally {
        await dear.close()
      }
    })

    it('that does not make a kilobyte is refused with the price', async () => {
      const dear = await openShop(market, sell, { seller, perKilobyte: 5n })
      try {
        const payment = await (await openPayer(market, person, dear)).pay(4n)
        const answer = await ask(dear.url, { headers: carrying(payment) })
        expect(answer.status).to.equal(402)
        expect(readQuote(answer.headers['payment-required'] as string).amount).to.equal(5n)
        expect(await problemIn(answer)).to.include({
          code: 'PAYMENT_REQUIRED',
          credit: '4',
          unit: 'kilobyte',
          amount: '5',
        })
      } finally {
        await dear.close()
      }
    })
  })

  describe('who overheard a payment', () => {
    it('gets nothing for repeating it, then or later', async () => {
      await open(sell, { patience: 5_000 })
      await payAlone(shop.url, await payer.pay(1n))
      const payment = await payer.pay(1n)
      const answer = await ask(shop.url, { headers: carrying(payment) })
      await answer.arrived(KILOBYTE)
      const during = await ask(shop.url, { headers: carrying(payment) })
      expect(during.status).to.equal(402)
      expect(await problemIn(during)).to.include({ code: 'PAYMENT_REPLAYED' })
      await answer.arrived(2 * KILOBYTE)
      answer.hangUp()
      // Credit that is left is the payer's alone.
      await payAlone(shop.url, await payer.pay(50n))
      expect(await problemIn(await ask(shop.url, { headers: carrying(payment) }))).to.include({
        code: 'PAYMENT_REPLAYED',
      })
      expect(await shop.books()).to.include({ charged: 2n })
    })

    it('gets nothing for an older preimage, which anybody can compute from a newer one', async () => {
      await (await buy(1n, {}, '/small')).over
      const newer = await payer.pay(10n)
      await payAlone(shop.url, newer)
      const { channelId: id, tick } = decodePayment(newer)
      if (tick === undefined) throw new Error('The payment is no tick.')
      for (let back = 1; back < tick.count; back++) {
        const preimage = toHex(walkTicks(toBytes(tick.preimage), back))
        const older = encodePayment({ channelId: id, tick: { count: tick.count - back, preimage } })
        expect(await problemIn(await ask(shop.url, { headers: carrying(older) }))).to.include({
          code: 'PAYMENT_REPLAYED',
        })
      }
    })

    it('gets the payment counted once, however often it is sent alone', async () => {
      const payment = await payer.pay(2n)
      const answers = await Promise.all(Array.from({ length: 20 }, () => payAlone(shop.url, payment)))
      expect(answers.map(({ status }) => status)).to.deep.equal(Array(20).fill(204))
      expect(await shop.books()).to.deep.equal({ accepted: 2n, charged: 0n, credit: 2n })
    })
  })

  describe('a payment that is not for this shop', () => {
    const codeOf = async (payment: Uint8Array) => {
      const answer = await ask(shop.url, { headers: carrying(payment) })
      const { code } = await problemIn(answer)
      return [answer.status, code]
    }

    it('pays another payee', async () => {
      const other = await openShop(market, sell, { seller: await market.person() })
      const payment = await (await openPayer(market, person, other)).pay(1n)
      await other.close()
      expect(await codeOf(payment)).to.deep.equal([400, 'WRONG_CHANNEL'])
    })

    for (const [what, change] of [
      ['chain', { chainId: 1 }],
      ['contract', { contract: `0x${'12'.repeat(20)}` as const }],
    ] as const) {
      it(`is on another ${what}`, async () => {
        const { channel, voucher } = decodePayment(await payer.pay(1n))
        if (channel === undefined || voucher === undefined) throw new Error('The first payment introduces its channel.')
        const moved = { ...channel, ...change }
        const payment = encodePayment({
          channelId: channelId(moved),
          channel: { ...moved, id: channelId(moved) },
          voucher,
        })
        expect(await codeOf(payment)).to.deep.equal([400, 'WRONG_CHANNEL'])
      })
    }

    it('is in a currency that the payee does not take, or not here', async () => {
      const { issuer } = market
      const { currency } = await createCurrency(issuer.client, { name: 'Other', symbol: 'OTH', decimals: 6 })
      await mint(issuer.client, { currency, to: person.account.address, amount: 1_000_000n })
      const payment = await (await openPayer(market, person, shop, { currency })).pay(1n)
      expect(await codeOf(payment)).to.deep.equal([400, 'WRONG_CHANNEL'])

      // The payee takes both; this shop sells for one of them, and the other may be worth much less.
      const both = await openShop(market, sell, { seller: await market.person(), currency })
      const cheap = await openPayer(market, person, both)
      const answer = await ask(both.url, { headers: carrying(await cheap.pay(1n)) })
      expect([answer.status, await problemIn(answer)])
        .to.deep.include(400)
        .and.to.have.nested.property('[1].code', 'WRONG_CHANNEL')
      expect(await both.books()).to.deep.equal({ accepted: 0n, charged: 0n, credit: 0n })
      await both.close()
    })

    it('is on a channel that nobody opened, and leaves no trace', async () => {
      const store = memoryStore()
      await open(sell, { store })
      const { channel, voucher } = decodePayment(await payer.pay(1n))
      if (channel === undefined || voucher === undefined) throw new Error('The first payment introduces its channel.')
      const madeUp = { ...channel, salt: toHex(7n, { size: 32 }) }
      const id = channelId(madeUp)
      expect(await codeOf(encodePayment({ channelId: id, channel: { ...madeUp, id }, voucher }))).to.deep.equal([
        409,
        'UNKNOWN_CHANNEL',
      ])
      expect(await codeOf(encodePayment({ channelId: id, voucher }))).to.deep.equal([409, 'UNKNOWN_CHANNEL'])
      expect(await store.all('payees')).to.deep.equal([])
    })

    it('is signed by somebody else', async () => {
      const stranger = await openPayer(market, await market.person(), shop)
      const { channel } = decodePayment(await payer.pay(1n))
      const { voucher } = decodePayment(await stranger.pay(1n))
      if (channel === undefined || voucher === undefined) throw new Error('First payments introduce their channels.')
      expect(await codeOf(encodePayment({ channelId: channel.id, channel, voucher }))).to.deep.equal([
        400,
        'INVALID_VOUCHER',
      ])
    })

    it('is a tick that was guessed', async () => {
      await (await buy(1n, {}, '/small')).over
      const tick = { count: 1, preimage: toHex(1n, { size: 32 }) }
      expect(await codeOf(encodePayment({ channelId: payer.channel.id, tick }))).to.deep.equal([400, 'INVALID_TICK'])
    })
  })

  describe('a header that is no payment', () => {
    const codeOf = async (header: string | string[]) => {
      const answer = await ask(shop.url, { headers: { [PAYMENT_HEADER]: header } })
      return (await problemIn(answer))['code']
    }

    it('is malformed whatever it holds', async () => {
      const base64url = fc.stringMatching(/^[A-Za-z0-9_-]{1,400}$/)
      const text = fc.stringMatching(/^[\x21-\x7e]{1,400}$/)
      await fc.assert(
        fc.asyncProperty(fc.oneof(base64url, text), async (header) => {
          expect(await codeOf(header)).to.be.oneOf(['PAYMENT_MALFORMED', 'UNKNOWN_CHANNEL'])
        }),
        { numRuns: 100, seed: 5 },
      )
    })

    it('is every part of a payment', async () => {
      const payment = await payer.pay(1n)
      for (let length = 0; length < payment.length; length += 13) {
        const part = payment.slice(0, length)
        const header = length === 0 ? '-' : (carrying(part)[PAYMENT_HEADER] as string)
        expect(await codeOf(header)).to.equal('PAYMENT_MALFORMED')
      }
      expect(await codeOf(carrying(new Uint8Array([...payment, 0]))[PAYMENT_HEADER] as string)).to.equal(
        'PAYMENT_MALFORMED',
      )
    })

    it('is two payments in one request', async () => {
      const header = carrying(await payer.pay(1n))[PAYMENT_HEADER] as string
      expect(await codeOf([header, header])).to.equal('PAYMENT_MALFORMED')
    })

    it('is a megabyte long, and is not even read', async () => {
      await send(shop, `GET / HTTP/1.1\r\nHost: x\r\n${PAYMENT_HEADER}: ${'A'.repeat(2 ** 20)}\r\n\r\n`)
      expect(await codeOf('A'.repeat(8_000))).to.equal('PAYMENT_MALFORMED')
    })

    it('is not HTTP at all', async () => {
      for (const garbage of [
        '\0\0\0\0',
        'GET',
        `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n`,
        'GET // HTTP/1.1\r\nHost: x\r\n\r\n',
      ]) {
        await send(shop, garbage)
      }
      expect((await ask(shop.url)).status).to.equal(402)
    })
  })

  describe('the chain', () => {
    it('says how far a deposit carries, and that it was topped up', async () => {
      const small = await openPayer(market, person, shop, { deposit: 2n })
      await small.setFunded(100n)
      const payment = await small.pay(3n)
      const refused = await ask(shop.url, { headers: carrying(payment) })
      expect(refused.status).to.equal(402)
      expect(await problemIn(refused)).to.include({ code: 'DEPOSIT_EXCEEDED', total: '3', covered: '2' })
      await topUp(person.client, { channel: small.channel, amount: 1n })
      const answer = await ask(shop.url, { headers: carrying(payment) })
      await answer.over
      expect(answer.body()).to.have.lengthOf(3 * KILOBYTE)
    })

    it('says that a channel is being left', async () => {
      const { exitAt } = await requestExit(person.client, { channel: payer.channel })
      const answer = await buy(1n)
      expect(answer.status).to.equal(409)
      expect(await problemIn(answer)).to.include({ code: 'CHANNEL_EXITING', exitAt })
    })

    it('that does not answer is the peer’s difficulty, and no stranger learns where it is', async () => {
      const client = createWalletClient({
        account: seller.account,
        transport: http('http://127.0.0.1:1/secret', { retryCount: 0 }),
      })
      await open(sell, { seller: { account: seller.account, client } })
      const answer = await buy(1n)
      expect(answer.status).to.equal(503)
      const problem = await problemIn(answer)
      expect(problem).to.include({ code: 'RPC_UNREACHABLE', detail: 'The peer has a difficulty of its own.' })
      expect(JSON.stringify(problem)).to.not.match(/secret|127\.0\.0\.1/)
    })
  })

  describe('a chain that is looked at now and then', () => {
    const realNow = Date.now
    const MINUTE = 60_000
    let skew: number
    let looks: number
    /** What becomes of a call to the node. */
    let answering: (call: { method: string }) => Promise<unknown>

    beforeEach(async () => {
      const start = realNow()
      skew = 0
      looks = 0
      answering = (call) => market.provider.request(call)
      Date.now = () => start + skew
      const request = (call: { method: string }) => {
        looks++
        return answering(call)
      }
      const transport = custom({ request }, { retryCount: 0 })
      const client = createWalletClient({ account: seller.account, transport, pollingInterval: 5 })
      await open(sell, { seller: { account: seller.account, client } })
      expect((await taste()).status).to.equal(200)
      looks = 0
    })
    afterEach(() => {
      Date.now = realNow
    })

    const taste = async () => {
      const answer = await buy(1n, {}, '/small')
      await answer.over
      return answer
    }
    const nobody = http('http://127.0.0.1:1', { retryCount: 0 })({})
    const isAway = (call: { method: string }) => nobody.request(call as Parameters<typeof nobody.request>[0])
    /** The first answer of another status, of what is bought one after another. */
    const refusal = async () => {
      for (;;) {
        const answer = await taste()
        if (answer.status !== 200) return { status: answer.status, ...(await problemIn(answer)) }
      }
    }

    it('makes no payment wait for it', async () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      answering = async (call) => {
        await promise
        return market.provider.request(call)
      }
      skew += MINUTE
      for (let count = 0; count < 10; count++) expect((await taste()).status).to.equal(200)
      expect(looks).to.equal(1)
      resolve()
    })

    it('may be away for some minutes, and is not asked again with every request', async () => {
      answering = isAway
      skew += 4 * MINUTE
      expect((await taste()).status).to.equal(200)
      expect(looks).to.equal(1)
      // A stranger is another matter.
      const known = payer
      payer = await openPayer(market, await market.person(), shop)
      expect((await taste()).status).to.equal(503)
      payer = known
      // So much later an exit could be near.
      skew += MINUTE + 1
      expect(await refusal()).to.include({ status: 503, code: 'RPC_UNREACHABLE' })
      answering = (call) => market.provider.request(call)
      expect((await taste()).status).to.equal(200)
    })

    it('says soon that a channel is being left', async () => {
      await requestExit(person.client, { channel: payer.channel })
      expect((await taste()).status).to.equal(200)
      skew += MINUTE
      expect(await refusal()).to.include({ status: 409, code: 'CHANNEL_EXITING' })
    })

    it('takes nothing on a channel that a reorg took away', async () => {
      // What the node says of a channel that nobody opened.
      answering = async () => `0x${'00'.repeat(128)}`
      skew += MINUTE
      expect(await refusal()).to.include({ status: 409, code: 'UNKNOWN_CHANNEL' })
      expect(await refusal()).to.include({ status: 409, code: 'UNKNOWN_CHANNEL' })
    })
  })

  it('whose store fails serves nothing, and no stranger learns where it is', async () => {
    const store = sqliteStore(join(folder, 'secret.db'))
    await open(sell, { store })
    await store.close()
    const answer = await buy(1n)
    expect(answer.status).to.equal(500)
    const problem = await problemIn(answer)
    expect(problem).to.include({ code: 'STORE_FAILED' })
    expect(JSON.stringify(problem)).to.not.include('secret')
  })

  describe('a handler that fails', () => {
    const failing: Record<string, (response: ServerResponse) => unknown> = {
      'at once': () => {
        throw new Error('broken')
      },
      'after some headers': (response) => {
        response.setHeader('content-length', 1_000)
        response.setHeader('content-encoding', 'br')
        throw new Error('broken')
      },
      later: async () => {
        await Promise.resolve()
        throw new Error('broken')
      },
    }
    for (const [when, fail] of Object.entries(failing)) {
      it(`${when} answers 500 and costs nothing`, async () => {
        await open((_, response) => fail(response) as undefined)
        const answer = await buy(1n)
        expect([answer.status, await answer.over]).to.deep.equal([500, true])
        expect(await problemIn(answer)).to.include({ code: 'INTERNAL' })
        expect(await shop.books()).to.deep.equal({ accepted: 1n, charged: 0n, credit: 1n })
      })
    }

    it('many times over gives all back: the credit is whole for the next request, also after a crash', async () => {
      const store = sqliteStore(join(folder, 'failing.db'))
      let fails = true
      await open(
        (request, response) => {
          if (fails) throw new Error('broken')
          sell(request, response)
        },
        { store },
      )
      for (let turn = 1; turn <= 5; turn++) {
        expect((await buy(10n)).status).to.equal(500)
        expect(await shop.books()).to.include({ accepted: BigInt(10 * turn), charged: 0n })
      }
      fails = false
      const answer = await buy(1n)
      expect(answer.headers[CREDIT_HEADER]).to.equal('51')
      await answer.arrived(51 * KILOBYTE)
      // What another process finds in the store at that moment is charged: nobody is served it again.
      const [record] = await allPayeeRecords(store)
      expect(record).to.include({ charged: 51n })
      answer.hangUp()
      await shop.close()
      await store.close()
    })

    it('in the middle cuts the answer off', async () => {
      const trouble = new EventEmitter()
      await open(async (_, response) => {
        response.write(body.subarray(0, 10))
        await once(trouble, 'now')
        throw new Error('broken')
      })
      const answer = await buy(5n)
      await answer.arrived(10)
      trouble.emit('now')
      expect(await answer.over).to.equal(false)
    })

    it('by giving less than it announced cuts the answer off: the client would wait for the rest', async () => {
      await open((_, response) => response.writeHead(200, { 'content-length': 100 }).end('too little'))
      const answer = await buy(1n)
      expect(await answer.over).to.equal(false)
      expect(answer.body().toString()).to.equal('too little')
    })

    it('after its first write cuts the answer off instead of mixing two', async () => {
      await open((_, response) => {
        response.write('half of an answer')
        throw new Error('broken')
      })
      const answer = await buy(1n).catch((error: unknown) => error)
      expect(answer).to.be.instanceOf(Error)
    })
  })

  describe('with a gate', () => {
    const ALLOWANCE = 20n
    let networkId: bigint

    beforeEach(async () => {
      const { client } = market.issuer
      networkId = (await createNetwork(client)).networkId
      await setWeight(client, { networkId, currency: market.currency })
      const ratios = { admitRatio: RATIO_UNIT, keepRatio: RATIO_UNIT }
      const terms = { ...ratios, allowance: ALLOWANCE, budget: 10n * ALLOWANCE, admissionPeriod: 86_400 }
      await setRatioTerms(client, { networkId, ...terms })
      await setPolicy(client, { networkId })
      await open(sell, { admission: createGate({ client: seller.client, networkId }) })
      await claimAllowance(person.client, { networkId })
      await admit(person.client, { networkId })
    })

    const charged = async () => (await shop.books()).charged

    it('serves up to the allowance, and says how much that is', async () => {
      const answer = await buy(30n)
      expect(answer.headers['scrip-bound']).to.equal('20')
      await answer.over
      expect(answer.body()).to.have.lengthOf(20 * KILOBYTE)
      const refused = await buy(1n)
      expect(refused.status).to.equal(403)
      expect(await problemIn(refused)).to.include({ code: 'ADMISSION_REFUSED', provide: '1' })
    })

    it('serves several answers at once no more than one', async () => {
      const channel = { ...payer.channel, funded: 100_000n }
      const many = createPayer({ channel, signer: person.account, store: memoryStore(), overtaking: true })
      const answers = await Promise.all(
        Array.from({ length: 6 }, async () => {
          const answer = await ask(shop.url, { headers: carrying(await many.pay(8n), { amount: 8n }) })
          await answer.over
          return answer
        }),
      )
      const served = answers.filter(({ status }) => status === 200)
      const bytes = served.reduce((sum, answer) => sum + answer.body().length, 0)
      expect(bytes).to.equal(Number(ALLOWANCE) * KILOBYTE)
      expect(await charged()).to.equal(ALLOWANCE)
    })

    it('serves a payer with several channels no more than with one', async () => {
      for (let channels = 0; channels < 3; channels++) {
        payer = await openPayer(market, person, shop)
        await (await buy(8n)).over
      }
      expect(await charged()).to.equal(ALLOWANCE)
    })

    it('remembers over a restart what it served', async () => {
      const path = join(folder, 'gate.db')
      const admission = createGate({ client: seller.client, networkId })
      for (let start = 0; start < 3; start++) {
        const store = sqliteStore(path)
        await open(sell, { store, admission })
        await (await buy(8n)).over
        await shop.close()
        await store.close()
      }
      const store = sqliteStore(path)
      await open(sell, { store, admission })
      expect(await charged()).to.equal(ALLOWANCE)
      await store.close()
    })

    it('asks the chain nothing for most requests, and follows it all the same', async () => {
      const realNow = Date.now
      const calls: string[] = []
      let skew = 0
      const start = realNow()
      Date.now = () => start + skew
      try {
        const request = (call: { method: string }) => {
          calls.push(call.method)
          return market.provider.request(call)
        }
        const transport = custom({ request }, { retryCount: 0 })
        const client = createWalletClient({ account: seller.account, transport, pollingInterval: 5 })
        const admission = createGate({ client, networkId })
        await open(sell, { seller: { account: seller.account, client }, admission })
        const taste = () => buy(1n, {}, '/small')
        expect((await taste()).status).to.equal(200)
        expect(calls.splice(0)).to.include('eth_call')
        for (let count = 0; count < 10; count++) expect((await taste()).status).to.equal(200)
        expect(calls.splice(0)).to.deep.equal([])

        // The eleven that were served are settled; under stricter terms that is too much, and anybody says so.
        const terms = { admitRatio: RATIO_UNIT, keepRatio: RATIO_UNIT, admissionPeriod: 86_400 }
        const setAllowance = (allowance: bigint) =>
          setRatioTerms(market.issuer.client, { networkId, ...terms, allowance, budget: allowance })
        const claims = await shop.payee.claimable()
        for (const each of claims) await claim(market.issuer.client, { claim: each })
        await sync(market.issuer.client, { networkId, channels: claims.map(({ channel }) => channel) })
        await setAllowance(10n)
        await expel(market.issuer.client, { networkId, peer: person.account.address })
        expect((await taste()).status).to.equal(200)
        skew += 10_000
        const refused = await taste()
        expect(refused.status).to.equal(403)
        const problem = await problemIn(refused)
        expect(problem).to.include({ code: 'ADMISSION_REFUSED', provide: '3' })
        expect(problem['hint']).to.match(/^Serve other peers of the network for at least 3 more units of value, /)

        // Under kinder terms it is welcome again, and served as soon as it joined.
        await setAllowance(20n)
        await admit(person.client, { networkId })
        expect((await taste()).status).to.equal(200)
      } finally {
        Date.now = realNow
      }
    })

    it('counts once what somebody else settled a moment ago', async () => {
      await open(sell, { admission: createGate({ client: seller.client, networkId, lag: 0 }) })
      await (await buy(5n)).over
      const claims = await shop.payee.claimable()
      for (const each of claims) await claim(market.issuer.client, { claim: each })
      await sync(market.issuer.client, { networkId, channels: claims.map(({ channel }) => channel) })
      const answer = await buy(30n)
      expect(answer.headers['scrip-bound']).to.equal('15')
    })

    it('serves no more to who settles its debts itself and tells no history', async () => {
      await (await buy(20n)).over
      const claims = await shop.payee.claimable()
      for (const each of claims) await claim(person.client, { claim: each })
      const answer = await buy(1n)
      expect(answer.status).to.equal(403)
      expect(await charged()).to.equal(ALLOWANCE)
      // Also through a channel of which nothing is known yet.
      payer = await openPayer(market, person, shop)
      expect((await buy(1n)).status).to.equal(403)
    })

    it('refuses who is not admitted, also what would be free', async () => {
      const someone = await market.person()
      await claimAllowance(someone.client, { networkId })
      const stranger = await openPayer(market, someone, shop)
      const answer = await ask(`${shop.url}/404`, { headers: carrying(await stranger.pay(1n)) })
      expect(answer.status).to.equal(403)
      expect(await problemIn(answer)).to.include({ code: 'ADMISSION_REFUSED', eligible: true })
    })
  })
})

/** Sends bytes over a connection of their own, and waits until the server closes that. */
async function send({ port }: Shop, text: string): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  // A server that closes before it has read all of it resets the connection.
  socket.on('error', () => {})
  socket.end(text)
  socket.resume()
  await new Promise((resolve) => socket.on('close', resolve))
}

const sell: RequestListener = (request, response) => {
  const status = /^\/(\d{3})$/.exec(request.url ?? '')?.[1]
  if (status !== undefined) {
    response.statusCode = Number(status)
    response.end('a few words')
  } else if (request.url === '/small') response.end('x')
  else response.end(body)
}
