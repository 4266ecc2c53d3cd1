import { ScripError } from '@scrip/sdk/errors'
import {
  kilobytes,
  type Quote,
  type Receipt,
  readAmount,
  readPaymentHeader,
  readProblem,
  readQuote,
  readRate,
  readReceipt,
  receiveProblem,
  type Unit,
  writePaymentHeader,
  writeQuote,
  writeRate,
  writeReceipt,
} from '@scrip/sdk/http'
import { expect } from 'chai'
import fc from 'fast-check'
import { type Address, toHex } from 'viem'

const codeOf = (work: () => unknown) => {
  try {
    return work()
  } catch (error) {
    return error instanceof ScripError ? error.code : error
  }
}
const address = fc.uint8Array({ minLength: 20, maxLength: 20 }).map((bytes) => toHex(bytes) as Address)

describe('the payment header', () => {
  it('brings every payment back, in characters that every header takes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 700 }), (payment) => {
        const header = writePaymentHeader(payment)
        expect(header).to.match(/^[A-Za-z0-9_-]+$/)
        expect(readPaymentHeader(header)).to.deep.equal(payment)
      }),
    )
  })

  it('has 90 characters for a tick', () => {
    expect(writePaymentHeader(new Uint8Array(67))).to.have.lengthOf(90)
  })

  it('is malformed where it is empty, padded, too long, or of other characters', () => {
    for (const header of ['', 'a', 'aaaaa', 'aaa=', 'a+b/', 'a b', 'ä', '\0', 'A'.repeat(1_025)]) {
      expect([header, codeOf(() => readPaymentHeader(header))]).to.deep.equal([header, 'PAYMENT_MALFORMED'])
    }
  })
})

describe('an amount in a header', () => {
  it('is a whole number of base units in 96 bits or nothing', () => {
    fc.assert(fc.property(fc.bigInt(0n, 2n ** 96n - 1n), (amount) => readAmount(amount.toString()) === amount))
    for (const value of [undefined, null, '', '-1', '1.5', '0x1', '1e3', ' 1', '1 ', '1,1', '9'.repeat(30), ['1'], 1]) {
      expect(readAmount(value)).to.equal(undefined)
    }
  })
})

describe('kilobytes', () => {
  it('counts the started ones', () => {
    expect([0, 1, 1_023, 1_024, 1_025, 2_048].map(kilobytes)).to.deep.equal([0, 1, 1, 1, 2, 2])
  })
})

describe('a rate', () => {
  it('is read as it was written, and nothing else is one', () => {
    const rates = fc.record({
      unit: fc.constantFrom<Unit>('call', 'kilobyte', 'second'),
      amount: fc.bigInt(1n, 2n ** 96n - 1n),
    })
    fc.assert(
      fc.property(rates, (rate) => {
        expect(readRate(writeRate(rate))).to.deep.equal(rate)
      }),
    )
    for (const value of [
      undefined,
      '',
      '1',
      '0/call',
      '01/call',
      '-1/call',
      '1/hour',
      '1 /call',
      `${'9'.repeat(30)}/call`,
      1,
    ]) {
      expect(readRate(value)).to.equal(undefined)
    }
  })
})

describe('a receipt', () => {
  const receipt: Receipt = {
    chainId: 1,
    contract: `0x${'ab'.repeat(20)}`,
    channelId: `0x${'cd'.repeat(32)}`,
    answer: 'an answer',
    resource: 'GET /größe?a=b',
    status: 200,
    bytes: 5,
    charged: 2n ** 90n,
    at: 7,
    isFinal: true,
  }

  it('is read as it was written, signed or not', () => {
    const signed: Receipt = { ...receipt, signature: `0x${'11'.repeat(65)}` }
    for (const each of [receipt, signed]) expect(readReceipt(writeReceipt(each))).to.deep.equal(each)
  })

  it('is none where a part is missing or of another kind', () => {
    const written = JSON.parse(writeReceipt(receipt))
    for (const name of Object.keys(written)) {
      for (const value of [undefined, null, -1, 1.5, {}, '0x', true, 'é'].filter(
        (other) => typeof other !== typeof written[name] || typeof other === 'number',
      )) {
        expect([name, value, readReceipt(JSON.stringify({ ...written, [name]: value }))]).to.deep.equal([
          name,
          value,
          undefined,
        ])
      }
    }
    for (const text of ['', 'null', '7', '[]', '{']) expect(readReceipt(text)).to.equal(undefined)
  })
})

describe('a quote', () => {
  const quotes: fc.Arbitrary<Quote> = fc.record({
    chainId: fc.integer({ min: 1, max: 999_999_999_999_999 }),
    contract: address,
    currency: address,
    payee: address,
    unit: fc.constantFrom('call', 'kilobyte', 'second'),
    amount: fc.bigInt(1n, 2n ** 96n - 1n),
  })

  it('is read as it was written', () => {
    fc.assert(
      fc.property(quotes, fc.webPath(), (quote, path) => {
        expect(readQuote(writeQuote(quote, path))).to.deep.equal(quote)
      }),
    )
  })

  it('is the first offer that can be paid, among whatever others', () => {
    const quote = fc.sample(quotes, 1)[0] as Quote
    const written = JSON.parse(atob(writeQuote(quote, '/')))
    const [ours] = written.accepts
    const others = [
      { ...ours, scheme: 'exact' },
      { ...ours, network: 'solana:mainnet' },
      { ...ours, amount: '0' },
      { ...ours, amount: '-1' },
      { ...ours, asset: '0x12' },
      { ...ours, extra: { ...ours.extra, unit: 'hour' } },
      { ...ours, extra: undefined },
      null,
      'offer',
    ]
    expect(readQuote(btoa(JSON.stringify({ ...written, accepts: [...others, ours] })))).to.deep.equal(quote)
    expect(codeOf(() => readQuote(btoa(JSON.stringify({ ...written, accepts: others }))))).to.equal(
      'PROTOCOL_VIOLATION',
    )
  })

  it('that is none is a violation of the protocol, whatever it is', () => {
    expect(codeOf(() => readQuote(null))).to.equal('PROTOCOL_VIOLATION')
    const anything = fc.oneof(
      fc.string(),
      fc.base64String(),
      fc.json().map((json) => btoa(encodeURI(json))),
    )
    fc.assert(
      fc.property(anything, (header) => {
        expect(codeOf(() => readQuote(header))).to.equal('PROTOCOL_VIOLATION')
      }),
    )
  })
})

describe('a problem', () => {
  it('is read as it was written, but for types that JSON lacks', () => {
    const error = new ScripError('STALE_PAYMENT', {
      detail: 'So it is.',
      hint: 'Do so.',
      values: { accepted: 7n, list: [1] },
    })
    const read = readProblem(error.status, JSON.stringify(error.toProblem()))
    expect(read).to.include({ code: 'STALE_PAYMENT', message: 'So it is.', hint: 'Do so.', status: 409 })
    expect(read.values).to.deep.equal({ accepted: '7', list: [1] })
  })

  it('of an unknown kind says what can be said', () => {
    const anything = fc.oneof(fc.string(), fc.json())
    fc.assert(
      fc.property(anything, fc.integer({ min: 400, max: 599 }), (body, status) => {
        const error = readProblem(status, body)
        expect(error).to.include({ code: 'PROTOCOL_VIOLATION', message: `The peer answered with status ${status}.` })
      }),
    )
  })

  it('is received whole in pieces, split anywhere', async () => {
    const text = JSON.stringify({ code: 'NOT_FOUND', detail: 'Größe — не найдено' })
    const encoded = new TextEncoder().encode(text)
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        for (const byte of encoded) controller.enqueue(new Uint8Array([byte]))
        controller.close()
      },
    })
    expect(await receiveProblem(new Response(body, { status: 404 }))).to.include({ message: 'Größe — не найдено' })
    expect(await receiveProblem(new Response(null, { status: 404 }))).to.include({ code: 'PROTOCOL_VIOLATION' })
  })
})
