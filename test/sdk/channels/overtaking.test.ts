import { createPayer, decodePayment, encodePayment, type Payee, type PayeeRecord, walkTicks } from '@scrip/sdk/channels'
import { memoryStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import fc from 'fast-check'
import { bytesToHex, hexToBytes } from 'viem'
import { readPayeeRecord } from '../../../sdk/channels/payeeRecords.ts'
import { codeOf } from '../errors/support/refusal.ts'
import { channelTo, payeeOn, signChain, signer } from './support/channels.ts'

const channel = channelTo({}, 2n ** 80n)
const id = channel.id
const state = { claimed: 0n, deposit: channel.funded, exitAt: 0 }

type Made = { bytes: Uint8Array; amount: bigint; from: bigint }

/** A payer whose payments overtake each other, and a payee on a store that outlives it. */
async function pair(tickAmount = 1n) {
  const store = memoryStore()
  const payer = createPayer({ channel, signer, store: memoryStore(), tickAmount, overtaking: true })
  await payeeOn(store).observe(channel, state)
  const make = async (amount: bigint): Promise<Made> => {
    const from = await payer.paid()
    return { bytes: await payer.pay(amount), amount, from }
  }
  return { store, payer, payee: payeeOn(store), make }
}

const record = async (payee: ReturnType<typeof memoryStore>) =>
  (await readPayeeRecord(payee, id)).record ?? ({} as Partial<PayeeRecord>)

/** What a payment that comes again, from whomever, gets: nothing, or an error. */
async function again(payee: Payee, { bytes, amount, from }: Made): Promise<bigint> {
  try {
    return (await payee.accept(bytes, { amount, arrived: from, hold: 'rest' })).added
  } catch (error) {
    expect(error).to.have.property('code').that.is.oneOf(['STALE_PAYMENT', 'INVALID_TICK'])
    return 0n
  }
}

describe('payments that overtake each other', () => {
  it('count each for what it is, 64 in flight, ticks and vouchers mixed, over restarts, and never twice', async () => {
    const someAmount = fc.oneof(
      { weight: 6, arbitrary: fc.bigInt({ min: 1n, max: 6n }) },
      { weight: 1, arbitrary: fc.bigInt({ min: 65n, max: 300n }) },
    )
    const someFlight = fc.record({
      amounts: fc.array(someAmount, { minLength: 1, maxLength: 64 }),
      order: fc.infiniteStream(fc.nat()),
      restarts: fc.infiniteStream(fc.nat({ max: 30 })),
    })
    let anchors = 0
    let late = 0
    await fc.assert(
      fc.asyncProperty(fc.array(someFlight, { minLength: 1, maxLength: 4 }), async (flights) => {
        const { store, payer, make } = await pair()
        let payee = payeeOn(store)
        const made: Made[] = []
        for (const { amounts, order, restarts } of flights) {
          const arrived = await payer.paid()
          const flight: Made[] = []
          for (const amount of amounts) flight.push(await make(amount))
          made.push(...flight)
          const keys = flight.map(() => order.next().value as number)
          const arriving = flight.map((_, index) => index).sort((one, other) => Number(keys[one]) - Number(keys[other]))
          for (const [turn, index] of arriving.entries()) {
            const { bytes, amount } = flight[index] as Made
            if (restarts.next().value === 0) payee = payeeOn(store)
            const { added, held } = await payee.accept(bytes, { amount, arrived, hold: 'added' })
            expect([added, held]).to.deep.equal([amount, amount])
            payer.confirm(bytes)
            if (arriving.slice(0, turn).some((before) => before > index)) late++
            if (decodePayment(bytes).voucher) anchors++
          }
          expect(await record(store)).to.not.have.property('gaps')
          expect(await record(store)).to.not.have.property('older')
        }
        const paid = await payer.paid()
        expect(await payee.standing(id)).to.include({ accepted: paid, charged: paid, credit: 0n })
        payee = payeeOn(store)
        for (const payment of made) expect(await again(payee, payment)).to.equal(0n)
        expect(await payee.standing(id)).to.include({ accepted: paid, charged: paid })
      }),
      { numRuns: 25 },
    )
    expect(anchors).to.be.greaterThan(100)
    expect(late).to.be.greaterThan(100)
  })

  it('come late as ticks of older vouchers, which the payee keeps while their payments are missing', async () => {
    const { store, payer, make } = await pair()
    const payee = payeeOn(store)
    const first = await make(5n)
    await payee.accept(first.bytes, first)
    payer.confirm(first.bytes)
    const tick = await make(2n)
    const voucher = await make(100n)
    const next = await make(1n)
    const last = await make(100n)
    expect(decodePayment(tick.bytes)).to.not.have.property('voucher')
    for (const { bytes, amount } of [last, voucher]) await payee.accept(bytes, { amount, arrived: 5n })
    const restarted = payeeOn(store)
    expect(await restarted.accept(tick.bytes, { amount: 2n })).to.include({ added: 2n, accepted: 208n })
    expect(await restarted.accept(next.bytes, { amount: 1n })).to.include({ added: 1n, accepted: 208n })
    expect(await codeOf(() => restarted.accept(tick.bytes, { amount: 2n }))).to.equal('INVALID_TICK')
  })

  it('that the payer gave up leave their money as credit, and nothing of it to who brings them later', async () => {
    const { store, payer, make } = await pair()
    const payee = payeeOn(store)
    const [lost, ...others] = [await make(10n), await make(1n), await make(1n)]
    if (lost === undefined) throw new Error('Three payments were made.')
    await payee.accept(others[0]?.bytes as Uint8Array, { amount: 1n, arrived: 0n })
    expect(await payee.standing(id)).to.include({ accepted: 11n, credit: 1n })
    // The next one says that nothing below it is on its way any more.
    const { held } = await payee.accept(others[1]?.bytes as Uint8Array, { amount: 1n, arrived: 11n, hold: 'rest' })
    expect(held).to.equal(12n)
    expect(await again(payee, lost)).to.equal(0n)
    expect(await payer.paid()).to.equal(12n)
  })

  it('that nobody gave up keep their money from every other answer', async () => {
    const { store, make } = await pair()
    const payee = payeeOn(store)
    const [first, second] = [await make(10n), await make(1n)]
    expect(await payee.accept(second.bytes, { amount: 1n, arrived: 0n, hold: 'rest' })).to.include({ held: 1n })
    expect(await payee.charge(id, 1n, 100)).to.equal(0)
    expect(await payee.accept(first.bytes, { amount: 10n, arrived: 0n, hold: 'rest' })).to.include({ held: 10n })
  })

  it('give nothing to who overheard them: neither a copy nor an older preimage, before, after or over a restart', async () => {
    const { store, payer, make } = await pair()
    let payee = payeeOn(store)
    const first = await make(1n)
    await payee.accept(first.bytes, { amount: 1n, arrived: 0n })
    payer.confirm(first.bytes)
    // Six payments were answered, in some order; the eavesdropper has all of them, and can hash.
    const flight = await Promise.all([1, 2, 3, 4, 5, 6].map(() => make(3n)))
    for (const { bytes } of flight.toReversed()) await payee.accept(bytes, { amount: 3n, arrived: 1n, hold: 'added' })
    for (let restart = 0; restart < 2; restart++) {
      payee = payeeOn(store)
      for (const { bytes } of flight) {
        const { tick } = decodePayment(bytes)
        if (tick === undefined) throw new Error('Small payments are ticks.')
        for (let back = 0; back < tick.count; back++) {
          const preimage = bytesToHex(walkTicks(hexToBytes(tick.preimage), back))
          const forged = encodePayment({ channelId: id, tick: { count: tick.count - back, preimage } })
          for (const amount of [1n, 3n, 1_000n]) {
            expect(await payee.accept(forged, { amount, arrived: 0n, hold: 'rest' })).to.include({
              added: 0n,
              held: 0n,
            })
          }
        }
      }
    }
    expect(await payee.standing(id)).to.include({ accepted: 19n, charged: 18n })
  })

  it('are remembered up to 128 gaps: what is older counts for nothing, is no loss, and the payer goes on', async () => {
    const { store, make } = await pair()
    const payee = payeeOn(store)
    const made: Made[] = []
    for (let count = 0; count < 301; count++) made.push(await make(1n))
    // Every second one comes: 150 are missing.
    for (let index = 1; index < 301; index += 2) await payee.accept((made[index] as Made).bytes, { amount: 1n })
    const { gaps } = (await record(store)) as PayeeRecord
    expect(gaps).to.have.lengthOf(128)
    const outcomes: bigint[] = []
    for (let index = 0; index < 300; index += 2) outcomes.push(await again(payee, made[index] as Made))
    expect(outcomes.filter((added) => added === 1n)).to.have.lengthOf(128)
    expect(outcomes.slice(0, 22)).to.deep.equal(new Array(22).fill(0n))
    expect(await payee.standing(id)).to.include({ accepted: 300n })
  })

  it('never raise a total by a tick of an older voucher alone', async () => {
    const { store, payee } = await pair()
    const [older, newer] = [await signChain(channel, { total: 10n }), await signChain(channel, { total: 20n })]
    await payee.accept(older.payment(1), { amount: 10n })
    await payee.accept(newer.payment(), { amount: 1n })
    expect(await record(store)).to.have.property('older')
    expect(await codeOf(() => payee.accept(older.tick(16), { amount: 6n }))).to.equal('INVALID_TICK')
    expect(await payee.accept(older.tick(8), { amount: 5n })).to.include({ added: 5n, accepted: 20n })
  })
})

describe('a payer whose payments may overtake each other', () => {
  it('sends all that the payee may not have yet, until it has it', async () => {
    const { payer, make } = await pair()
    const parts = async (amount: bigint) => {
      const payment = await make(amount)
      const { channel, voucher, tick } = decodePayment(payment.bytes)
      return [payment.bytes, [channel && 'channel', voucher && 'voucher', tick && 'tick'].filter(Boolean)] as const
    }
    const [first, ofFirst] = await parts(1n)
    expect(ofFirst).to.deep.equal(['channel', 'voucher'])
    expect((await parts(1n))[1]).to.deep.equal(['channel', 'voucher', 'tick'])
    payer.confirm(first)
    expect((await parts(1n))[1]).to.deep.equal(['tick'])
    const [second, ofSecond] = await parts(100n)
    expect(ofSecond).to.deep.equal(['voucher'])
    expect((await parts(1n))[1]).to.deep.equal(['voucher', 'tick'])
    payer.confirm(second)
    expect((await parts(1n))[1]).to.deep.equal(['tick'])
  })
})
