import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { getHoldings } from '@scrip/sdk/chain'
import { createPayer, decodePayment, encodePayment, paidTotal, type Voucher } from '@scrip/sdk/channels'
import { ScripError } from '@scrip/sdk/errors'
import {
  CREDIT_HEADER,
  idStartOf,
  KILOBYTE,
  PAYMENT_HEADER,
  PAYMENT_PATH,
  PRICE_HEADER,
  PROBLEM_TYPE,
  type Quote,
  readStatedPayment,
  writeQuote,
} from '@scrip/sdk/http'
import { memoryStore, sqliteStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import fc from 'fast-check'
import { network } from 'hardhat'
import { toBytes, toHex } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { addresses } from '../../../sdk/chain/addresses.ts'
import {
  type Buyer,
  bytes,
  listen,
  type Market,
  newBuyer,
  openMarket,
  type Person,
  type Site,
} from '../../support/market.ts'

const WINDOW = 8
const LIMIT = 1_000n
const DEPOSIT = 10_000n
const GRANT = 1_000_000n
const folder = mkdtempSync(join(tmpdir(), 'scrip-hostile-'))

/** A server that does as it likes, and what it was signed. */
type Villain = Site & {
  quote: Quote
  /** The most that any payment it got makes, in base units. */
  signed(): bigint
  /** Kilobytes of bodies that it sent. */
  sent(): number
}

type Deed = (request: IncomingMessage, response: ServerResponse, villain: Villain) => void

describe('payingFetch against a hostile peer', () => {
  let market: Market
  let person: Person
  let buyer: Buyer
  const sites: Site[] = []

  before(async () => {
    market = await openMarket(await network.create())
  })
  beforeEach(async () => {
    person = await market.person(GRANT)
    buyer = newBuyer(person, { limits: { perRequest: LIMIT }, window: WINDOW, deposit: DEPOSIT })
  })
  afterEach(async () => {
    await Promise.all(sites.splice(0).map((site) => site.close()))
  })
  after(() => rmSync(folder, { recursive: true }))

  const quoteOf = (changes: Partial<Quote> = {}): Quote => ({
    chainId: market.chainId,
    contract: addresses.paymentChannels.toLowerCase() as `0x${string}`,
    currency: market.currency.toLowerCase() as `0x${string}`,
    payee: privateKeyToAccount(generatePrivateKey()).address.toLowerCase() as `0x${string}`,
    unit: 'kilobyte',
    amount: 1n,
    ...changes,
  })

  /** A peer that asks for money, and then does what it is told to: with paid requests, and with payments alone. */
  const villain = async (
    deed: Deed,
    paid: Deed = (_, response) => void response.writeHead(204).end(),
    quote = quoteOf(),
  ) => {
    let signed = 0n
    let sent = 0
    let voucher: Voucher | undefined
    const channels = new Map<string, `0x${string}`>()
    const note = (header: string) => {
      const find = (idStart: string) => {
        const id = channels.get(idStart)
        return id && { id, accepted: signed }
      }
      const payment = decodePayment(readStatedPayment(header, find).payment)
      channels.set(idStartOf(payment.channelId), payment.channelId)
      voucher = payment.voucher ?? voucher
      const total = voucher === undefined ? 0n : paidTotal(voucher, payment.tick?.count ?? 0)
      if (total > signed) signed = total
    }
    const self = {} as Villain
    const listener: RequestListener = (request, response) => {
      const header = request.headers[PAYMENT_HEADER]
      if (typeof header === 'string') note(header)
      const write = response.write.bind(response)
      response.write = ((chunk: Uint8Array, done?: () => void) => {
        sent += chunk.length
        return write(chunk, done)
      }) as typeof response.write
      if (typeof header !== 'string') ask402(response, self.quote, request.url)
      else if (request.url === PAYMENT_PATH) paid(request, response, self)
      else deed(request, response, self)
    }
    const site = await listen(listener)
    sites.push(site)
    return Object.assign(self, site, { quote, signed: () => signed, sent: () => sent / KILOBYTE })
  }

  /** Fetches and reads to the end, or to the error. */
  const take = async (url: string): Promise<{ error?: unknown; received: number }> => {
    let received = 0
    try {
      const answer = await buyer.fetch(url)
      for await (const chunk of answer.body ?? []) received += chunk.length
      return { received }
    } catch (error) {
      return { error, received }
    }
  }
  const codeOf = (error: unknown) => (error instanceof ScripError ? error.code : error)
  /** What left the wallet: deposits. */
  const deposited = async () => GRANT - (await getHoldings(person.client, { currency: market.currency })).wallet

  describe('that refuses every payment', () => {
    const codes = [
      'PAYMENT_REQUIRED',
      'PAYMENT_REPLAYED',
      'STALE_PAYMENT',
      'UNKNOWN_CHANNEL',
      'INVALID_TICK',
      'INVALID_VOUCHER',
      'DEPOSIT_EXCEEDED',
      'CHANNEL_EXITING',
      'WRONG_CHANNEL',
      'ADMISSION_REFUSED',
      'PAYMENT_MALFORMED',
      'INTERNAL',
    ]
    for (const code of codes) {
      it(`with ${code} is signed no more than a window, and one deposit`, async () => {
        const evil = await villain((_, response, { quote }) => refuse(response, { code }, quote), refuseAlone(code))
        const { error } = await take(evil.url)
        expect(error).to.be.instanceOf(ScripError)
        expect(Number(evil.signed())).to.be.at.most(WINDOW + 1)
        expect(await deposited()).to.equal(DEPOSIT)
      })
    }

    it('with a price that rises is signed no more than the limit', async () => {
      const evil = await villain((_, response, self) => {
        self.quote = { ...self.quote, amount: self.quote.amount * 5n }
        refuse(response, { code: 'PAYMENT_REQUIRED' }, self.quote)
      })
      expect(codeOf((await take(evil.url)).error)).to.equal('LIMIT_EXCEEDED')
      expect(evil.signed() <= LIMIT).to.equal(true)
    })

    it('and names another payee each time gets one channel opened', async () => {
      const evil = await villain((_, response) => refuse(response, { code: 'PAYMENT_REQUIRED' }, quoteOf()))
      expect(codeOf((await take(evil.url)).error)).to.equal('LIMIT_EXCEEDED')
      expect(await deposited()).to.equal(DEPOSIT)
    })

    it('in words that are no problem of ours is reported as what it is', async () => {
      for (const problem of [
        '',
        'no',
        'null',
        '5',
        '[1]',
        '"text"',
        '{"code":"toString"}',
        '{"code":"__proto__"}',
        '{"code":7}',
        '{',
      ]) {
        const evil = await villain(
          (_, response) => void response.writeHead(409, { 'content-type': PROBLEM_TYPE }).end(problem),
        )
        expect([problem, codeOf((await take(evil.url)).error)]).to.deep.equal([problem, 'PROTOCOL_VIOLATION'])
      }
    })

    it('without end is not listened to without end', async () => {
      const evil = await villain((_, response) => {
        response.writeHead(409, { 'content-type': PROBLEM_TYPE })
        flood(response)
      })
      expect(codeOf((await take(evil.url)).error)).to.equal('PROTOCOL_VIOLATION')
      expect(evil.sent()).to.be.lessThan(20_000)
    })

    it('cannot write what it likes on a terminal', async () => {
      const detail = `\u001b[2J\u001b]0;owned\u0007${'x'.repeat(10_000)}\r\nAll is well`
      const evil = await villain((_, response) => refuse(response, { code: 'INVALID_VOUCHER', detail, hint: detail }))
      const { message, hint } = (await take(evil.url)).error as ScripError
      for (const text of [message, hint]) {
        expect(text).to.not.match(/\p{Cc}/u)
        expect(text.length).to.be.at.most(500)
      }
    })
  })

  describe('that returns a state', () => {
    /** What the payer signed is taken up; what it did not sign is not. */
    const states: Record<string, (evil: { first: Uint8Array; channel: `0x${string}` }) => Promise<string> | string> = {
      'that is no payment': () => '0x00',
      'that is no hexadecimal': () => 'newest',
      'that is missing': () => undefined as unknown as string,
      'that is very long': () => `0x${'00'.repeat(30_000)}`,
      'of another channel': async ({ first }) => {
        const { voucher } = decodePayment(first)
        return toHex(encodePayment({ channelId: toHex(1n, { size: 32 }), ...(voucher && { voucher }) }))
      },
      'with a higher total and the same signature': ({ first }) => {
        const { channelId: id, voucher } = decodePayment(first)
        return toHex(encodePayment({ channelId: id, ...(voucher && { voucher: { ...voucher, total: 900n } }) }))
      },
      'with a tick that was guessed': ({ first }) => {
        const { channelId: id, voucher } = decodePayment(first)
        return toHex(
          encodePayment({
            channelId: id,
            ...(voucher && { voucher }),
            tick: { count: 200, preimage: toHex(1n, { size: 32 }) },
          }),
        )
      },
      'signed by somebody else': async ({ first, channel }) => {
        const { channel: descriptor } = decodePayment(first)
        if (descriptor === undefined) throw new Error('The first payment introduces its channel.')
        const mallory = privateKeyToAccount(generatePrivateKey())
        const forged = { ...descriptor, funded: 1_000n, signer: mallory.address.toLowerCase() as `0x${string}` }
        const payment = await createPayer({ channel: forged, signer: mallory, store: memoryStore() }).pay(900n)
        const { voucher } = decodePayment(payment)
        return toHex(encodePayment({ channelId: channel, ...(voucher && { voucher }) }))
      },
    }
    for (const [what, forge] of Object.entries(states)) {
      it(`${what} changes nothing for the payer`, async () => {
        let state: string | undefined
        let first: Uint8Array | undefined
        const evil = await villain((request, response, { quote }) => {
          const payment = readStatedPayment(String(request.headers[PAYMENT_HEADER])).payment
          first ??= payment
          Promise.resolve(forge({ first, channel: decodePayment(payment).channelId })).then((forged) => {
            state = forged
            refuse(response, { code: 'STALE_PAYMENT', state }, quote)
          })
        })
        const { error } = await take(evil.url)
        expect(codeOf(error)).to.equal('PROTOCOL_VIOLATION')
        expect(Number(evil.signed())).to.be.at.most(WINDOW + 1)
        // The next payment goes on from what was really paid.
        const before = evil.signed()
        await take(evil.url)
        expect(evil.signed()).to.equal(before + 1n)
      })
    }

    it('of its own that is older than it knows changes nothing either', async () => {
      let first: string | undefined
      const evil = await villain((request, response, { quote }) => {
        first ??= toHex(readStatedPayment(String(request.headers[PAYMENT_HEADER])).payment)
        const { channelId: id, voucher } = decodePayment(toBytes(first as `0x${string}`))
        refuse(
          response,
          { code: 'STALE_PAYMENT', state: toHex(encodePayment({ channelId: id, ...(voucher && { voucher }) })) },
          quote,
        )
      })
      expect(codeOf((await take(evil.url)).error)).to.equal('STALE_PAYMENT')
      expect(Number(evil.signed())).to.be.at.most(WINDOW + 1)
    })
  })

  describe('that quotes', () => {
    const quotes: Record<string, [code: string, changes: Partial<Quote>]> = {
      'another chain': ['WRONG_CHAIN', { chainId: 1 }],
      'another contract': ['PROTOCOL_VIOLATION', { contract: `0x${'12'.repeat(20)}` }],
      'a price above the limit': ['LIMIT_EXCEEDED', { amount: LIMIT + 1n }],
      'a price of nothing': ['PROTOCOL_VIOLATION', { amount: 0n }],
      'a price below nothing': ['PROTOCOL_VIOLATION', { amount: -5n }],
      'a token that is none': ['NOT_DEPLOYED', { currency: `0x${'34'.repeat(20)}` }],
    }
    for (const [what, [code, changes]] of Object.entries(quotes)) {
      it(`${what} gets no deposit`, async () => {
        const evil = await villain((_, response) => void response.end(), undefined, quoteOf(changes))
        expect(codeOf((await take(evil.url)).error)).to.equal(code)
        expect([await deposited(), evil.signed()]).to.deep.equal([0n, 0n])
      })
    }

    it('nothing that can be read gets no deposit', async () => {
      for (const header of [
        '',
        'x',
        btoa('null'),
        btoa('[]'),
        btoa('{"accepts":{}}'),
        btoa('{"accepts":[null,7,{}]}'),
        'ü',
      ]) {
        const site = await listen((_, response) => void response.writeHead(402, { 'payment-required': header }).end())
        sites.push(site)
        expect([header, codeOf((await take(site.url)).error)]).to.deep.equal([header, 'PROTOCOL_VIOLATION'])
      }
      expect(await deposited()).to.equal(0n)
    })
  })

  describe('that answers', () => {
    const answer = (response: ServerResponse, headers: Record<string, string | number> = {}, status = 200) =>
      response.writeHead(status, { [CREDIT_HEADER]: '1', ...headers })

    it('with a head and nothing else is signed no more than a window', async () => {
      for (const headers of [{}, { 'content-length': 500_000 }]) {
        const evil = await villain((_, response) => {
          answer(response, headers).flushHeaders()
          setTimeout(() => response.destroy(), 100)
        })
        const { error } = await take(evil.url)
        expect(codeOf(error)).to.equal('TRANSFER_INTERRUPTED')
        expect(Number(evil.signed())).to.be.at.most(WINDOW + 1)
      }
    })

    it('without end and without a length is signed no more than it sent and a window, and no more than the limit', async () => {
      let worst = 0
      const check: Deed = (_, response, self) => {
        worst = Math.max(worst, Number(self.signed()) - Math.ceil(self.sent()))
        response.writeHead(204).end()
      }
      const evil = await villain((_, response) => flood(answer(response)), check)
      const { error, received } = await take(evil.url)
      expect(codeOf(error)).to.equal('LIMIT_EXCEEDED')
      expect(evil.signed()).to.equal(LIMIT)
      expect(received).to.be.at.least(Number(LIMIT) * KILOBYTE)
      expect(worst).to.be.at.most(WINDOW + 1)
    })

    it('with a length that costs more than the limit is left after its first kilobyte', async () => {
      for (const length of [Number(LIMIT) * KILOBYTE + 1, 10 ** 14]) {
        const evil = await villain((_, response) => flood(answer(response, { 'content-length': length })))
        const { error } = await take(evil.url)
        expect(codeOf(error)).to.equal('LIMIT_EXCEEDED')
        expect(evil.signed()).to.equal(1n)
      }
    })

    for (const length of ['-5', 'abc', '1e3', '18446744073709551616', '']) {
      it(`with the length ${JSON.stringify(length)} is signed no more than it sent and a window`, async () => {
        const head = `HTTP/1.1 200 OK\r\n${CREDIT_HEADER}: 1\r\nContent-Length: ${length}\r\n\r\n`
        const evil = await villain((request) => {
          request.socket.end(`${head}some bytes`)
        })
        expect((await take(evil.url)).error).to.be.instanceOf(ScripError)
        expect(Number(evil.signed())).to.be.at.most(WINDOW + 1)
      })
    }

    for (const credit of ['-1', '-1000000', 'much', '', '1'.repeat(60), '0x10', '1.5']) {
      it(`with the credit ${JSON.stringify(credit).slice(0, 20)} is not believed`, async () => {
        const evil = await villain((_, response) => flood(answer(response, { [CREDIT_HEADER]: credit })))
        expect(codeOf((await take(evil.url)).error)).to.equal('PROTOCOL_VIOLATION')
        expect(evil.signed()).to.equal(1n)
      })
    }

    it('that more is paid than was is sent nothing more, and only keeps its own bytes back', async () => {
      const evil = await villain((_, response) => {
        answer(response, { [CREDIT_HEADER]: '500', 'content-length': 4 * KILOBYTE }).end(bytes(4 * KILOBYTE))
      })
      expect(await take(evil.url)).to.deep.equal({ received: 4 * KILOBYTE })
      expect(evil.signed()).to.equal(1n)
    })

    it('that nothing was paid is signed no more than it sent and a window', async () => {
      const evil = await villain((_, response) => {
        answer(response, { [CREDIT_HEADER]: '0', 'content-length': 500_000 }).write(bytes(2 * KILOBYTE))
      })
      const abort = new AbortController()
      const response = await buyer.fetch(evil.url, { signal: abort.signal })
      const reader = response.body?.getReader()
      for (let received = 0; received < 2 * KILOBYTE; ) received += (await reader?.read())?.value?.length ?? 0
      const rest = reader?.read().catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, 50))
      expect(Number(evil.signed())).to.be.at.most(2 + WINDOW + 1)
      abort.abort()
      await rest
    })

    it('at a price above the quote is left: it takes more than it was offered', async () => {
      for (const price of [
        '2/kilobyte',
        '300/kilobyte',
        '0/kilobyte',
        '1/call',
        '1',
        '-1/kilobyte',
        '1/kilobyte/2',
        '',
      ]) {
        const evil = await villain((_, response) =>
          flood(answer(response, { [PRICE_HEADER]: price, [CREDIT_HEADER]: '1' })),
        )
        expect([price, codeOf((await take(evil.url)).error)]).to.deep.equal([price, 'PROTOCOL_VIOLATION'])
        expect(evil.signed()).to.equal(1n)
      }
    })

    it('in few bytes that become many is left: only those on the wire are paid for', async () => {
      const bomb = gzipSync(Buffer.alloc(10_000_000))
      const evil = await villain((_, response) => void answer(response, { 'content-encoding': 'gzip' }).end(bomb))
      expect(codeOf((await take(evil.url)).error)).to.equal('PROTOCOL_VIOLATION')
      expect(evil.signed()).to.equal(1n)
    })

    it('and hangs up in the middle has the bytes counted that came', async () => {
      for (const headers of [{ 'content-length': 20_000 }, {}]) {
        const evil = await villain((_, response) => {
          answer(response, headers).write(bytes(3_000))
          setTimeout(() => response.destroy(), 100)
        })
        const { error, received } = await take(evil.url)
        expect(codeOf(error)).to.equal('TRANSFER_INTERRUPTED')
        expect((error as ScripError).values).to.include({ received })
        expect(received).to.equal(3_000)
      }
    })

    it('by hanging up is not reached', async () => {
      const evil = await villain((request) => void request.socket.destroy())
      expect(codeOf((await take(evil.url)).error)).to.equal('PEER_UNREACHABLE')
      expect(evil.signed()).to.equal(1n)
    })

    it('and refuses the payments that follow gets none beyond a window', async () => {
      const refusals: Record<string, Deed> = {
        PAYMENT_REQUIRED: refuseAlone('PAYMENT_REQUIRED'),
        PROTOCOL_VIOLATION: (_, response) => void response.writeHead(500).end('no'),
        TRANSFER_INTERRUPTED: (request) => void request.socket.destroy(),
      }
      for (const [code, deed] of Object.entries(refusals)) {
        const evil = await villain((_, response) => flood(answer(response)), deed)
        expect(codeOf((await take(evil.url)).error)).to.equal(code)
        expect(Number(evil.signed())).to.be.at.most(Math.ceil(evil.sent()) + WINDOW + 1)
        expect(evil.signed() < 50n).to.equal(true)
      }
    })

    it('and leads the payments that follow elsewhere is not followed', async () => {
      let elsewhere = 0
      const other = await listen((request, response) => {
        if (request.headers[PAYMENT_HEADER] !== undefined) elsewhere++
        response.end()
      })
      sites.push(other)
      const evil = await villain(
        (_, response) => flood(answer(response)),
        (_, response) => void response.writeHead(307, { location: other.url }).end(),
      )
      expect((await take(evil.url)).error).to.be.instanceOf(ScripError)
      expect(elsewhere).to.equal(0)
    })
  })

  describe('whose answers break off', () => {
    const RESUMES = 4
    const cut = (deed: (start: number, response: ServerResponse) => void) =>
      villain((request, response) => {
        const start = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0)
        deed(start, response)
      })
    const head = (start: number, length = 500 * KILOBYTE) => ({
      [CREDIT_HEADER]: '1',
      etag: '"same"',
      'content-length': length - start,
      ...(start > 0 && { 'content-range': `bytes ${start}-${length - 1}/${length}` }),
    })
    const dropAfter = (response: ServerResponse, size: number) =>
      response.write(bytes(size), () => setTimeout(() => response.destroy(), 5))
    beforeEach(() => {
      const options = { limits: { perRequest: LIMIT }, window: WINDOW, deposit: DEPOSIT, resume: RESUMES }
      buyer = newBuyer(person, options)
    })

    it('after each byte are paid no more than a window each time, and no more often than was said', async () => {
      let asked = 0
      const evil = await cut((start, response) => {
        asked++
        response.writeHead(start > 0 ? 206 : 200, head(start))
        dropAfter(response, 1)
      })
      const { error, received } = await take(evil.url)
      expect([codeOf(error), received, asked]).to.deep.equal(['TRANSFER_INTERRUPTED', RESUMES + 1, RESUMES + 1])
      expect((error as ScripError).values).to.include({ received: RESUMES + 1, length: 500 * KILOBYTE })
      expect(Number(evil.signed())).to.be.at.most((RESUMES + 1) * (WINDOW + 1))
    })

    it('are paid no more than the limit of one request, however often they break', async () => {
      buyer = newBuyer(person, { limits: { perRequest: 20n }, window: WINDOW, deposit: DEPOSIT, resume: 100 })
      const evil = await cut((start, response) => {
        response.writeHead(start > 0 ? 206 : 200, head(start, 15 * KILOBYTE))
        dropAfter(response, 1)
      })
      expect(['LIMIT_EXCEEDED', 'TRANSFER_INTERRUPTED']).to.include(codeOf((await take(evil.url)).error))
      expect(Number(evil.signed())).to.be.at.most(20)
    })

    for (const [what, headers] of Object.entries({
      'go on from another place': { 'content-range': 'bytes 0-511999/512000' },
      'go on as something else': { etag: '"other"' },
    })) {
      it(`and ${what} are left`, async () => {
        const evil = await cut((start, response) => {
          response.writeHead(start > 0 ? 206 : 200, { ...head(start), ...(start > 0 && headers) })
          dropAfter(response, 3 * KILOBYTE)
        })
        const { error, received } = await take(evil.url)
        expect([codeOf(error), received]).to.deep.equal(['TRANSFER_INTERRUPTED', 3 * KILOBYTE])
        expect(codeOf((error as ScripError).cause)).to.equal('PROTOCOL_VIOLATION')
      })
    }

    it('at a price that rose pays the rest within the limit, or not at all', async () => {
      let quote = 1n
      const evil = await villain((request, response, self) => {
        const start = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0)
        if (start > 0 && quote === 1n) {
          quote = LIMIT
          return refuse(response, { code: 'PAYMENT_REQUIRED' }, { ...self.quote, amount: quote })
        }
        response.writeHead(start > 0 ? 206 : 200, head(start))
        dropAfter(response, KILOBYTE)
      })
      const { error, received } = await take(evil.url)
      expect([codeOf(error), received]).to.deep.equal(['TRANSFER_INTERRUPTED', KILOBYTE])
      expect(codeOf((error as ScripError).cause)).to.equal('LIMIT_EXCEEDED')
      expect(Number(evil.signed())).to.be.at.most(2 * (WINDOW + 1))
    })
  })

  describe('of a payer that lost its state', () => {
    it('that shows it older payments one by one gets no more signed than it had, and what the request costs', async () => {
      const seen: Uint8Array[] = []
      let newest: Voucher | undefined
      let isPlaying = false
      let at = 0
      const evil = await villain((request, response, { quote }) => {
        const payment = readStatedPayment(String(request.headers[PAYMENT_HEADER]), findIn(seen)).payment
        const { channelId: id, voucher, tick } = decodePayment(payment)
        newest = voucher ?? newest
        if (!isPlaying && newest) seen.push(encodePayment({ channelId: id, voucher: newest, ...(tick && { tick }) }))
        const state = isPlaying ? seen[at++] : undefined
        if (state !== undefined) return refuse(response, { code: 'STALE_PAYMENT', state: toHex(state) }, quote)
        response.writeHead(200, { [CREDIT_HEADER]: '1', 'content-length': 1 }).end('x')
      })
      for (let time = 0; time < 6; time++) await take(`${evil.url}/${time}`)
      const had = evil.signed()
      isPlaying = true
      buyer = newBuyer(person, { limits: { perRequest: LIMIT }, window: WINDOW, deposit: DEPOSIT })
      await take(`${evil.url}/again`)
      expect(at).to.equal(seen.length + 1)
      expect(Number(evil.signed())).to.be.at.most(Number(had) + WINDOW + 1)
      expect(await deposited()).to.equal(DEPOSIT)
    })
  })

  describe('that redirects', () => {
    const redirect: Deed = (_, response) => void response.writeHead(302, { location: '/', [CREDIT_HEADER]: '0' }).end()

    it('without end is left after as many as fetch follows', async () => {
      const evil = await villain(redirect)
      expect((await take(evil.url)).error).to.be.instanceOf(TypeError)
      expect(Number(evil.signed())).to.be.at.most(21)
    })

    it('without end is paid no more than the limit', async () => {
      buyer = newBuyer(person, { limits: { perRequest: 5n }, deposit: DEPOSIT })
      const evil = await villain(redirect)
      expect(codeOf((await take(evil.url)).error)).to.equal('LIMIT_EXCEEDED')
      expect(evil.signed()).to.equal(5n)
    })

    it('from one accomplice to the next gets one channel opened', async () => {
      let next = 'http://127.0.0.1:1/'
      for (let accomplices = 0; accomplices < 4; accomplices++) {
        const location = next
        const accomplice = await villain(
          (_, response) => void response.writeHead(302, { location, [CREDIT_HEADER]: '0' }).end(),
        )
        next = accomplice.url
      }
      expect(codeOf((await take(next)).error)).to.equal('LIMIT_EXCEEDED')
      expect(await deposited()).to.equal(DEPOSIT)
    })

    it('to nowhere is reported', async () => {
      for (const location of ['javascript:alert(1)', 'file:///etc/passwd', 'http://[', 'data:,x']) {
        const evil = await villain(
          (_, response) => void response.writeHead(302, { location, [CREDIT_HEADER]: '0' }).end(),
        )
        expect([location, codeOf((await take(evil.url)).error)]).to.deep.equal([location, 'PROTOCOL_VIOLATION'])
      }
    })

    it('never leads a payment away', async () => {
      const seen: unknown[] = []
      const other = await listen((request, response) => {
        seen.push(request.headers[PAYMENT_HEADER])
        response.end('here')
      })
      sites.push(other)
      const evil = await villain((_, response) => void response.writeHead(307, { location: other.url }).end())
      expect(await take(evil.url)).to.deep.equal({ received: 4 })
      expect(seen).to.deep.equal([undefined])
    })
  })

  it('whatever it does, is signed no more than it sent, a window and a kilobyte, nor more than the limit', async () => {
    const refusal = fc.record({
      status: fc.constantFrom(400, 402, 403, 409, 500),
      code: fc.constantFrom(
        'PAYMENT_REPLAYED',
        'PAYMENT_REQUIRED',
        'UNKNOWN_CHANNEL',
        'STALE_PAYMENT',
        'INVALID_TICK',
        'DEPOSIT_EXCEEDED',
      ),
    })
    const success = fc.record({
      credit: fc.constantFrom('0', '1', '3', '100', '-1', 'x'),
      length: fc.option(fc.constantFrom(0, 1, 5_000, 100_000, 10 ** 9), { nil: undefined }),
      body: fc.integer({ min: 0, max: 40_000 }),
      bound: fc.option(fc.constantFrom('0', '1', '5', '1000000'), { nil: undefined }),
      hangsUp: fc.boolean(),
    })
    const plays = fc.array(fc.oneof(refusal, success), { minLength: 1, maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(plays, fc.constantFrom(4n, 30n, LIMIT), async (deeds, perRequest) => {
        buyer = newBuyer(person, { limits: { perRequest }, window: WINDOW, deposit: DEPOSIT })
        let turn = 0
        const evil = await villain((_, response, { quote }) => {
          const deed = deeds[Math.min(turn++, deeds.length - 1)]
          if (deed === undefined || 'code' in deed)
            return refuse(response, { code: deed?.code ?? '' }, quote, deed?.status)
          const { credit, length, bound, body, hangsUp } = deed
          answerWith(response, { credit, length, bound })
          response.write(bytes(length === undefined ? body : Math.min(body, length)), () => {
            if (hangsUp || (length ?? 0) > body) response.destroy()
            else response.end()
          })
        })
        await take(evil.url)
        expect(evil.signed() <= perRequest).to.equal(true)
        expect(Number(evil.signed())).to.be.at.most(Math.ceil(evil.sent()) + WINDOW + 1)
      }),
      { numRuns: 60, seed: 13 },
    )
  })

  describe('over a day', () => {
    it('is paid no more than the day’s limit, over restarts and by many requests at once', async () => {
      const evil = await villain((_, response) => refuse(response, { code: 'INVALID_VOUCHER' }))
      const path = join(folder, 'day.db')
      const codes: unknown[] = []
      for (let start = 0; start < 4; start++) {
        const store = sqliteStore(path)
        buyer = newBuyer(person, { store, limits: { perRequest: LIMIT, perDay: 10n }, deposit: DEPOSIT })
        codes.push(...(await Promise.all(Array.from({ length: 4 }, async () => codeOf((await take(evil.url)).error)))))
        await store.close()
      }
      expect(evil.signed()).to.equal(10n)
      expect(codes.filter((code) => code === 'INVALID_VOUCHER')).to.have.lengthOf(10)
      expect(codes.filter((code) => code === 'LIMIT_EXCEEDED')).to.have.lengthOf(6)
    })
  })
})

/** The channel of payments that were seen. */
function findIn(seen: readonly Uint8Array[]) {
  return () => {
    const [first] = seen
    return first && { id: decodePayment(first).channelId, accepted: BigInt(seen.length) }
  }
}

function ask402(response: ServerResponse, quote: Quote, url = '/'): void {
  response.writeHead(402, { 'payment-required': writeQuote(quote, url) }).end()
}

function refuse(response: ServerResponse, problem: object, quote?: Quote, status = 402): void {
  const headers = { 'content-type': PROBLEM_TYPE, ...(quote && { 'payment-required': writeQuote(quote, '/') }) }
  response.writeHead(status, headers).end(JSON.stringify(problem))
}

function refuseAlone(code: string): Deed {
  return (_, response, { quote }) => refuse(response, { code }, quote)
}

function answerWith(
  response: ServerResponse,
  terms: { credit: string; length: number | undefined; bound: string | undefined },
): void {
  response.writeHead(200, {
    [CREDIT_HEADER]: terms.credit,
    ...(terms.length !== undefined && { 'content-length': terms.length }),
    ...(terms.bound !== undefined && { 'scrip-bound': terms.bound }),
  })
}

/** Sends as fast as the other side takes it, without end. */
function flood(response: ServerResponse): void {
  const chunk = bytes(16 * KILOBYTE)
  const more = () => {
    if (!response.destroyed) response.write(chunk, () => setImmediate(more))
  }
  more()
}
