import { encodePayment, MAX_TOTAL } from '@scrip/sdk/channels'
import { ScripError } from '@scrip/sdk/errors'
import { idStartOf, readStatedPayment, writePaymentHeader, writeStatedPayment } from '@scrip/sdk/http'
import { expect } from 'chai'
import fc from 'fast-check'
import { type Hex, toHex } from 'viem'

const LONGEST = 150

const word = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => toHex(bytes) as Hex)
const amount = fc.bigInt(0n, MAX_TOTAL)
const statement = fc.record({ amount, arrived: amount }, { requiredKeys: [] })
const tick = fc.record({ count: fc.integer({ min: 1, max: 1_024 }), preimage: word })
const codeOf = (work: () => unknown) => {
  try {
    return work()
  } catch (error) {
    return error instanceof ScripError ? error.code : error
  }
}

describe('a payment with what its payer states', () => {
  const voucher = fc.record({
    total: fc.bigInt(1n, MAX_TOTAL),
    tickRoot: word,
    tickAmount: fc.bigInt(1n, MAX_TOTAL),
    maxTicks: fc.constantFrom(0, 64, 256),
    r: word,
    vs: word,
  })

  it('is read as it was written', () => {
    const payments = fc.record({ channelId: word, tick, voucher }, { requiredKeys: ['channelId', 'tick'] })
    fc.assert(
      fc.property(payments, statement, (payment, stated) => {
        const bytes = encodePayment(payment)
        const read = readStatedPayment(writeStatedPayment(bytes, stated))
        expect(read).to.deep.equal({ payment: bytes, statement: stated })
      }),
    )
  })

  it('takes at most 150 characters for a tick, whatever is stated', () => {
    fc.assert(
      fc.property(word, tick, statement, (channelId, newest, stated) => {
        expect(writeStatedPayment(encodePayment({ channelId, tick: newest }), stated).length).to.be.at.most(LONGEST)
      }),
    )
  })

  it('takes 150 for a voucher of an ordinary amount, and is read in full by who knows the channel', () => {
    const prices = fc.record({ price: fc.bigInt(1n, 2_047n), decimals: fc.constantFrom(0n, 2n, 6n, 12n, 18n) })
    const counts = fc.record({ before: fc.bigInt(0n, 2n ** 22n), count: fc.bigInt(1n, 4_000n), isAlone: fc.boolean() })
    fc.assert(
      fc.property(word, word, prices, counts, (channelId, r, { price, decimals }, { before, count, isAlone }) => {
        const tickAmount = price * 10n ** decimals
        const paid = before * tickAmount
        const total = paid + count * tickAmount
        const stated = { amount: total - paid, ...(isAlone && { arrived: paid }) }
        const bytes = encodePayment({ channelId, voucher: { total, tickRoot: r, tickAmount, maxTicks: 256, r, vs: r } })
        const header = writeStatedPayment(bytes, stated, true)
        expect(header).to.have.lengthOf(LONGEST)
        // What the payee accepted last may be older or newer than what the payer knew.
        for (const accepted of [paid, total, 0n, total + 1_000n * tickAmount]) {
          const read = readStatedPayment(header, (start) =>
            start === idStartOf(channelId) ? { id: channelId, accepted } : undefined,
          )
          expect(read).to.deep.equal({ payment: bytes, statement: stated })
        }
        expect(codeOf(() => readStatedPayment(header))).to.equal('UNKNOWN_CHANNEL')
      }),
    )
  })

  it('is written in full where it does not fit, and never as another one', () => {
    fc.assert(
      fc.property(word, voucher, statement, (channelId, any, stated) => {
        const bytes = encodePayment({ channelId, voucher: any })
        const header = writeStatedPayment(bytes, stated, true)
        const known = { id: channelId, accepted: any.total - (stated.amount ?? 0n) }
        if (known.accepted < 0n) known.accepted = 0n
        const read = readStatedPayment(header, () => known)
        expect(read.payment).to.deep.equal(bytes)
        expect(read.statement.amount).to.equal(stated.amount)
      }),
    )
  })

  it('is malformed, unknown or a payment, whatever it is', () => {
    const headers = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 200 }),
      fc.uint8Array({ minLength: 111, maxLength: 111 }).map((bytes) => new Uint8Array([34, ...bytes])),
      fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => new Uint8Array([28, ...bytes])),
    )
    fc.assert(
      fc.property(headers, fc.boolean(), amount, (bytes, isKnown, accepted) => {
        const find = () => (isKnown ? { id: toHex(1n, { size: 32 }), accepted } : undefined)
        const outcome = codeOf(() => readStatedPayment(writePaymentHeader(bytes), find))
        if (typeof outcome === 'string') expect(outcome).to.be.oneOf(['PAYMENT_MALFORMED', 'UNKNOWN_CHANNEL'])
        else expect(outcome).to.have.keys(['payment', 'statement'])
      }),
    )
  })
})
