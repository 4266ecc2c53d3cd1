import { EventEmitter, once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createCurrency, mint } from '@scrip/sdk/chain'
import { channelId, decodePayment, encodePayment, type Statement, walkTicks } from '@scrip/sdk/channels'
import { ANSWER_HEADER, CREDIT_HEADER, KILOBYTE, PAYMENT_HEADER, readQuote } from '@scrip/sdk/http'
import { memoryStore, sqliteStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import fc from 'fast-check'
import { network } from 'hardhat'
import { toBytes, toHex } from 'viem'
import { addresses } from '../../../sdk/chain/addresses.ts'
import { allPayeeRecords } from '../../../sdk/channels/payeeRecords.ts'
import { bytes, openShop, type Shop } from '../../support/market.ts'
import { ask, carrying, openPayer, payAlone, problemIn, type WireAnswer } from '../../support/wire.ts'
import { body, newTill, SIZE, sell } from './support/till.ts'

const folder = mkdtempSync(join(tmpdir(), 'scrip-peer-'))

describe('paywall', () => {
  const till = newTill(network)
  after(() => rmSync(folder, { recursive: true }))

  const buy = async (amount: bigint, headers: Record<string, string> = {}, path = '', statement: Statement = {}) =>
    ask(till.shop.url + path, { headers: { ...carrying(await till.payer.pay(amount), statement), ...headers } })
  const payOn = async (amount: bigint, answer: WireAnswer) =>
    payAlone(till.shop.url, await till.payer.pay(amount), { answer, amount })

  describe('without a payment', () => {
    it('answers 402 with a quote that says what to pay to whom', async () => {
      const answer = await ask(`${till.shop.url}/some/thing?q=1`)
      expect(answer.status).to.equal(402)
      expect(answer.headers['content-type']).to.equal('application/problem+json')
      expect(answer.headers['cache-control']).to.equal('no-store')
      const quote = readQuote(answer.headers['payment-required'] as string)
      expect(quote.expiresAt).to.be.closeTo(Math.floor(Date.now() / 1000) + 60, 5)
      expect(quote).to.deep.equal({
        chainId: till.market.chainId,
        contract: addresses.paymentChannels.toLowerCase(),
        currency: till.market.currency.toLowerCase(),
        payee: till.seller.account.address.toLowerCase(),
        unit: 'kilobyte',
        amount: 1n,
        id: quote.id,
        expiresAt: quote.expiresAt,
      })
      const problem = await problemIn(answer)
      expect(problem).to.include({ code: 'PAYMENT_REQUIRED', status: 402, unit: 'kilobyte', amount: '1' })
    })

    it('writes the quote in the shape of x402, version 2', async () => {
      const { headers } = await ask(`${till.shop.url}/some/thing`)
      const quote = JSON.parse(atob(headers['payment-required'] as string))
      expect(quote).to.include({ x402Version: 2 })
      expect(quote.resource).to.deep.equal({ url: '/some/thing' })
      expect(quote.accepts).to.have.lengthOf(1)
      expect(quote.accepts[0]).to.include({ scheme: 'scrip-channel', network: 'eip155:31337', amount: '1' })
    })

    it('does not let the handler see the request', async () => {
      let calls = 0
      await till.open((_, response) => {
        calls++
        response.end()
      })
      await (await ask(till.shop.url)).over
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
      expect(await till.shop.books()).to.deep.equal({ accepted: 3n, charged: 3n, credit: 0n })
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
      await till.open(async (_, response) => {
        for (let offset = 0; offset < 3_000; offset++) response.write(body.subarray(offset, offset + 1))
        response.end()
      })
      const answer = await buy(10n)
      expect(await answer.over).to.equal(true)
      expect(answer.body()).to.deep.equal(Buffer.from(body.subarray(0, 3_000)))
      expect(await till.shop.books()).to.include({ charged: 3n })
    })

    it('is text as well as bytes, in the encoding that the handler names', async () => {
      await till.open((_, response) => {
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
      await till.open((_, response) => void Readable.from(source()).pipe(response))
      const answer = await buy(1n)
      await answer.over
      expect(produced).to.be.lessThan(20 * 16_384)
    })

    it('ends the wait for a payment when the client hangs up', async () => {
      const closed = new EventEmitter()
      await till.open(
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
      await till.open((_, response) => {
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
      await till.open((_, response) => response.setHeader('cache-control', 'public').end('x'))
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
      const head = await ask(`${till.shop.url}/small`, { method: 'HEAD', headers: carrying(await till.payer.pay(1n)) })
      expect([head.status, await head.over]).to.deep.equal([200, true])
      expect(await till.shop.books()).to.include({ charged: 0n })
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
      await till.open(sell, { patience: 5_000 })
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
      await till.open(sell, { patience: 5_000 })
      const one = await buy(1n)
      const other = await buy(1n, {}, '', { amount: 1n })
      const forOne = await till.payer.pay(5n)
      const forOther = await till.payer.pay(3n)
      // The newer payment includes the older one.
      await payAlone(till.shop.url, forOther, { answer: other, amount: 3n })
      await other.arrived(4 * KILOBYTE)
      await payAlone(till.shop.url, forOne, { answer: one, amount: 5n })
      await one.arrived(6 * KILOBYTE)
      expect(other.body()).to.have.lengthOf(4 * KILOBYTE)
      one.hangUp()
      other.hangUp()
    })

    it('is for whoever needs it first where a payment states nothing', async () => {
      const answer = await buy(1n)
      await payAlone(till.shop.url, await till.payer.pay(2n))
      await answer.arrived(3 * KILOBYTE)
      expect(await answer.over).to.equal(false)
      expect(answer.body()).to.have.lengthOf(3 * KILOBYTE)
    })

    it('is not given away by what somebody else states about it', async () => {
      const victim = await buy(2n)
      await victim.arrived(2 * KILOBYTE)
      const mallory = await openPayer(till.market, await till.market.person(), till.shop)
      const stolen = { answer: victim, amount: 1_000n }
      expect((await payAlone(till.shop.url, await mallory.pay(1n), stolen)).status).to.equal(204)
      expect(await victim.over).to.equal(false)
      expect(victim.body()).to.have.lengthOf(2 * KILOBYTE)
      const overstated = await ask(till.shop.url, {
        headers: { ...carrying(await mallory.pay(1n), { amount: 1_000_000n }), [ANSWER_HEADER]: 'no such answer' },
      })
      await overstated.over
      expect(overstated.body()).to.have.lengthOf(2 * KILOBYTE)
    })

    it('is one credit behind two prices', async () => {
      const dear = await openShop(till.market, sell, { seller: till.seller, perKilobyte: 5n, payee: till.shop.payee })
      try {
        const cheap = await buy(3n)
        const answer = await ask(dear.url, { headers: carrying(await till.payer.pay(5n), { amount: 5n }) })
        await cheap.arrived(3 * KILOBYTE)
        await answer.arrived(KILOBYTE)
        // A payment for either may be brought to either.
        await payAlone(till.shop.url, await till.payer.pay(10n), { answer, amount: 10n })
        await answer.arrived(3 * KILOBYTE)
        answer.hangUp()
      } finally {
        await dear.close()
      }
    })

    it('that does not make a kilobyte is refused with the price', async () => {
      const dear = await openShop(till.market, sell, { seller: till.seller, perKilobyte: 5n })
      try {
        const payment = await (await openPayer(till.market, till.person, dear)).pay(4n)
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
      await till.open(sell, { patience: 5_000 })
      await payAlone(till.shop.url, await till.payer.pay(1n))
      const payment = await till.payer.pay(1n)
      const answer = await ask(till.shop.url, { headers: carrying(payment) })
      await answer.arrived(KILOBYTE)
      const during = await ask(till.shop.url, { headers: carrying(payment) })
      expect(during.status).to.equal(402)
      expect(await problemIn(during)).to.include({ code: 'PAYMENT_REPLAYED' })
      await answer.arrived(2 * KILOBYTE)
      answer.hangUp()
      // Credit that is left is the payer's alone.
      await payAlone(till.shop.url, await till.payer.pay(50n))
      expect(await problemIn(await ask(till.shop.url, { headers: carrying(payment) }))).to.include({
        code: 'PAYMENT_REPLAYED',
      })
      expect(await till.shop.books()).to.include({ charged: 2n })
    })

    it('gets nothing for an older preimage, which anybody can compute from a newer one', async () => {
      await (await buy(1n, {}, '/small')).over
      const newer = await till.payer.pay(10n)
      await payAlone(till.shop.url, newer)
      const { channelId: id, tick } = decodePayment(newer)
      if (tick === undefined) throw new Error('The payment is no tick.')
      for (let back = 1; back < tick.count; back++) {
        const preimage = toHex(walkTicks(toBytes(tick.preimage), back))
        const older = encodePayment({ channelId: id, tick: { count: tick.count - back, preimage } })
        expect(await problemIn(await ask(till.shop.url, { headers: carrying(older) }))).to.include({
          code: 'PAYMENT_REPLAYED',
        })
      }
    })

    it('gets the payment counted once, however often it is sent alone', async () => {
      const payment = await till.payer.pay(2n)
      const answers = await Promise.all(Array.from({ length: 20 }, () => payAlone(till.shop.url, payment)))
      expect(answers.map(({ status }) => status)).to.deep.equal(Array(20).fill(204))
      expect(await till.shop.books()).to.deep.equal({ accepted: 2n, charged: 0n, credit: 2n })
    })
  })

  describe('a payment that is not for this shop', () => {
    const codeOf = async (payment: Uint8Array) => {
      const answer = await ask(till.shop.url, { headers: carrying(payment) })
      const { code } = await problemIn(answer)
      return [answer.status, code]
    }

    it('pays another payee', async () => {
      const other = await openShop(till.market, sell, { seller: await till.market.person() })
      const payment = await (await openPayer(till.market, till.person, other)).pay(1n)
      await other.close()
      expect(await codeOf(payment)).to.deep.equal([400, 'WRONG_CHANNEL'])
    })

    for (const [what, change] of [
      ['chain', { chainId: 1 }],
      ['contract', { contract: `0x${'12'.repeat(20)}` as const }],
    ] as const) {
      it(`is on another ${what}`, async () => {
        const { channel, voucher } = decodePayment(await till.payer.pay(1n))
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
      const { issuer } = till.market
      const { currency } = await createCurrency(issuer.client, { name: 'Other', symbol: 'OTH', decimals: 6 })
      await mint(issuer.client, { currency, to: till.person.account.address, amount: 1_000_000n })
      const payment = await (await openPayer(till.market, till.person, till.shop, { currency })).pay(1n)
      expect(await codeOf(payment)).to.deep.equal([400, 'WRONG_CHANNEL'])

      // The payee takes both; this shop sells for one of them, and the other may be worth much less.
      const both = await openShop(till.market, sell, { seller: await till.market.person(), currency })
      const cheap = await openPayer(till.market, till.person, both)
      const answer = await ask(both.url, { headers: carrying(await cheap.pay(1n)) })
      expect([answer.status, await problemIn(answer)])
        .to.deep.include(400)
        .and.to.have.nested.property('[1].code', 'WRONG_CHANNEL')
      expect(await both.books()).to.deep.equal({ accepted: 0n, charged: 0n, credit: 0n })
      await both.close()
    })

    it('is on a channel that nobody opened, and leaves no trace', async () => {
      const store = memoryStore()
      await till.open(sell, { store })
      const { channel, voucher } = decodePayment(await till.payer.pay(1n))
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
      const stranger = await openPayer(till.market, await till.market.person(), till.shop)
      const { channel } = decodePayment(await till.payer.pay(1n))
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
      expect(await codeOf(encodePayment({ channelId: till.payer.channel.id, tick }))).to.deep.equal([
        400,
        'INVALID_TICK',
      ])
    })
  })

  describe('a header that is no payment', () => {
    const codeOf = async (header: string | string[]) => {
      const answer = await ask(till.shop.url, { headers: { [PAYMENT_HEADER]: header } })
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
      const payment = await till.payer.pay(1n)
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
      const header = carrying(await till.payer.pay(1n))[PAYMENT_HEADER] as string
      expect(await codeOf([header, header])).to.equal('PAYMENT_MALFORMED')
    })

    it('is a megabyte long, and is not even read', async () => {
      await send(till.shop, `GET / HTTP/1.1\r\nHost: x\r\n${PAYMENT_HEADER}: ${'A'.repeat(2 ** 20)}\r\n\r\n`)
      expect(await codeOf('A'.repeat(8_000))).to.equal('PAYMENT_MALFORMED')
    })

    it('is not HTTP at all', async () => {
      for (const garbage of [
        '\0\0\0\0',
        'GET',
        `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n`,
        'GET // HTTP/1.1\r\nHost: x\r\n\r\n',
      ]) {
        await send(till.shop, garbage)
      }
      expect((await ask(till.shop.url)).status).to.equal(402)
    })
  })

  it('whose store fails serves nothing, and no stranger learns where it is', async () => {
    const store = sqliteStore(join(folder, 'secret.db'))
    await till.open(sell, { store })
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
        await till.open((_, response) => fail(response) as undefined)
        const answer = await buy(1n)
        expect([answer.status, await answer.over]).to.deep.equal([500, true])
        expect(await problemIn(answer)).to.include({ code: 'INTERNAL' })
        expect(await till.shop.books()).to.deep.equal({ accepted: 1n, charged: 0n, credit: 1n })
      })
    }

    it('many times over gives all back: the credit is whole for the next request, also after a crash', async () => {
      const store = sqliteStore(join(folder, 'failing.db'))
      let fails = true
      await till.open(
        (request, response) => {
          if (fails) throw new Error('broken')
          sell(request, response)
        },
        { store },
      )
      for (let turn = 1; turn <= 5; turn++) {
        expect((await buy(10n)).status).to.equal(500)
        expect(await till.shop.books()).to.include({ accepted: BigInt(10 * turn), charged: 0n })
      }
      fails = false
      const answer = await buy(1n)
      expect(answer.headers[CREDIT_HEADER]).to.equal('51')
      await answer.arrived(51 * KILOBYTE)
      // What another process finds in the store at that moment is charged: nobody is served it again.
      const [record] = await allPayeeRecords(store)
      expect(record).to.include({ charged: 51n })
      answer.hangUp()
      await till.shop.close()
      await store.close()
    })

    it('in the middle cuts the answer off', async () => {
      const trouble = new EventEmitter()
      await till.open(async (_, response) => {
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
      await till.open((_, response) => response.writeHead(200, { 'content-length': 100 }).end('too little'))
      const answer = await buy(1n)
      expect(await answer.over).to.equal(false)
      expect(answer.body().toString()).to.equal('too little')
    })

    it('after its first write cuts the answer off instead of mixing two', async () => {
      await till.open((_, response) => {
        response.write('half of an answer')
        throw new Error('broken')
      })
      const answer = await buy(1n).catch((error: unknown) => error)
      expect(answer).to.be.instanceOf(Error)
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
