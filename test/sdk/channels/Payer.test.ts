import {
  createPayer,
  decodePayment,
  encodePayment,
  MAX_TOTAL,
  type Payer,
  type PayerParameters,
  type Payment,
} from '@scrip/sdk/channels'
import { memoryStore, type Store } from '@scrip/sdk/store'
import { expect } from 'chai'
import fc from 'fast-check'
import { codeOf, refusal } from '../errors/support/refusal.ts'
import { account, bytes32, channelTo, payeeOn, signChain, signer } from './support/channels.ts'
import { heldStore, isPending } from './support/heldStore.ts'
import { type Watch, watch } from './support/watch.ts'

function payerOn(parameters: Partial<PayerParameters> = {}): Payer {
  return createPayer({ channel: channelTo(), signer, store: memoryStore(), ...parameters })
}

const kindOf = (bytes: Uint8Array) =>
  Object.entries(decodePayment(bytes))
    .filter(([name, part]) => name !== 'channelId' && part !== undefined)
    .map(([name]) => name)
    .join('+')

/** A payee that knows the channel's deposit. */
async function payeeOf(channel = channelTo()) {
  const payee = payeeOn()
  await payee.observe(channel, { claimed: 0n, deposit: channel.funded, exitAt: 0 })
  return payee
}

describe('a payer', () => {
  it('introduces the channel with its first payment, and pays by single ticks from then on', async () => {
    const payer = payerOn()
    expect(kindOf(await payer.pay(5n))).to.equal('channel+voucher')
    for (const amount of [1n, 2n, 3n]) {
      const payment = await payer.pay(amount)
      expect(kindOf(payment)).to.equal('tick')
      expect(payment.length).to.equal(67)
    }
    expect(await payer.paid()).to.equal(11n)
  })

  it('pays exactly what it is asked to, in any sequence, by a tick where one fits and by a voucher otherwise', async () => {
    const someRun = fc.record({
      tickAmount: fc.bigInt({ min: 1n, max: 7n }),
      amounts: fc.array(
        fc.oneof(
          { weight: 4, arbitrary: fc.bigInt({ min: 1n, max: 30n }) },
          { weight: 1, arbitrary: fc.bigInt({ min: 1n, max: 2_000n }) },
        ),
        { minLength: 1, maxLength: 25 },
      ),
    })
    await fc.assert(
      fc.asyncProperty(someRun, async ({ tickAmount, amounts }) => {
        const payer = payerOn({ tickAmount })
        const payee = await payeeOf()
        let paid = 0n
        let ticks: bigint | undefined
        for (const amount of amounts) {
          const payment = await payer.pay(amount)
          const next: bigint | undefined = ticks === undefined ? undefined : ticks + amount / tickAmount
          const isSmall = amount <= 64n * tickAmount
          const fits = next !== undefined && amount % tickAmount === 0n && next <= 256n && isSmall
          expect(kindOf(payment)).to.equal(fits ? 'tick' : paid === 0n ? 'channel+voucher' : 'voucher')
          ticks = fits ? next : 0n
          paid += amount
          expect(await payer.paid()).to.equal(paid)
          expect(await payee.accept(payment)).to.include({ added: amount, accepted: paid })
        }
      }),
      { numRuns: 40 },
    )
  })

  it('anchors a new chain when the old one is at its end, not before and not after', async () => {
    const payer = payerOn({ tickAmount: 2n })
    const payee = await payeeOf()
    const kinds: string[] = []
    for (let count = 1; count <= 520; count++) {
      const payment = await payer.pay(2n)
      kinds.push(kindOf(payment))
      await payee.accept(payment)
    }
    const vouchers = kinds.flatMap((kind, index) => (kind === 'tick' ? [] : [index]))
    expect(vouchers).to.deep.equal([0, 257, 514])
    expect(await payee.standing(payer.channel.id)).to.include({ accepted: 1_040n })
  })

  it('lets one payment carry all that were lost before it', async () => {
    const payer = payerOn()
    const payee = await payeeOf()
    await payee.accept(await payer.pay(10n))
    for (let lost = 0; lost < 5; lost++) await payer.pay(3n)
    expect(await payee.accept(await payer.pay(1n))).to.include({ added: 16n, accepted: 26n })
    for (let lost = 0; lost < 5; lost++) await payer.pay(1_000n)
    expect(await payee.accept(await payer.pay(1_000n))).to.include({ added: 6_000n, accepted: 6_026n })
  })

  it('makes concurrent payments one after another, in the order of the calls', async () => {
    const payer = payerOn()
    const payee = await payeeOf()
    const amounts = Array.from({ length: 60 }, (_, index) => BigInt(1 + ((index * 7) % 90)))
    const payments = await Promise.all(amounts.map((amount) => payer.pay(amount)))
    let paid = 0n
    for (const [index, payment] of payments.entries()) {
      paid += amounts[index] ?? 0n
      expect(await payee.accept(payment)).to.include({ added: amounts[index], accepted: paid })
    }
    expect(await payer.paid()).to.equal(paid)
  })

  it('goes on after a call that failed among concurrent ones', async () => {
    const payer = payerOn({ channel: channelTo({}, 100n) })
    const outcomes = await Promise.allSettled([60n, 60n, 30n, 0n, 10n, 1n].map((amount) => payer.pay(amount)))
    expect(outcomes.map(({ status }) => status)).to.deep.equal([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
    ])
    expect(await payer.paid()).to.equal(100n)
  })

  it('refuses what the deposit does not cover before anything is signed, and says what is missing', async () => {
    const watched = watch(channelTo({}, 100n))
    const payer = payerOn({ channel: channelTo({}, 100n), signer: watched.signer })
    const { code, values } = await refusal(() => payer.pay(101n))
    expect(code).to.equal('DEPOSIT_EXCEEDED')
    expect(values).to.include({ amount: 101n, funded: 100n, missing: 1n })
    expect(watched.signed).to.deep.equal([])
    await payer.pay(100n)
    expect(await codeOf(() => payer.pay(1n))).to.equal('DEPOSIT_EXCEEDED')
    expect(watched.signed.length).to.equal(1)
    expect(await payer.paid()).to.equal(100n)
    await payer.setFunded(101n)
    await payer.pay(1n)
    expect(await codeOf(() => payer.pay(1n))).to.equal('DEPOSIT_EXCEEDED')
    expect(await payer.paid()).to.equal(101n)
  })

  it('never pays beyond what 96 bits can state', async () => {
    const payer = payerOn({ channel: channelTo({}, 2n ** 200n) })
    await payer.pay(MAX_TOTAL - 1n)
    await payer.pay(1n)
    expect(await codeOf(() => payer.pay(1n))).to.equal('DEPOSIT_EXCEEDED')
    expect(await payer.paid()).to.equal(MAX_TOTAL)
  })

  it('refuses amounts that pay nothing', async () => {
    const payer = payerOn()
    for (const amount of [0n, -1n, -(2n ** 96n)])
      expect(await codeOf(() => payer.pay(amount))).to.equal('INVALID_ARGUMENT')
    expect(await payer.paid()).to.equal(0n)
  })

  it('refuses ticks that are worth nothing, or more than a channel can carry', async () => {
    for (const tickAmount of [0n, -1n, MAX_TOTAL + 1n])
      expect(await codeOf(() => payerOn({ tickAmount }))).to.equal('INVALID_ARGUMENT')
    const payer = payerOn({ tickAmount: MAX_TOTAL })
    await payer.pay(1n)
    await payer.pay(1n)
    expect(await payer.paid()).to.equal(2n)
  })

  it('refuses a signer that the channel was not opened with', async () => {
    expect(await codeOf(() => payerOn({ signer: account('somebody else') }))).to.equal('INVALID_VOUCHER')
  })

  it('says nothing of a channel on which nothing was paid, and all of one that it pays on', async () => {
    const payer = payerOn()
    expect(await codeOf(() => payer.introduction())).to.equal('INVALID_ARGUMENT')
    await payer.pay(5n)
    await payer.pay(2n)
    const payee = await payeeOf()
    const introduction = await payer.introduction()
    expect(kindOf(introduction)).to.equal('channel+voucher+tick')
    expect(await payee.accept(introduction)).to.include({ accepted: 7n })
    expect(kindOf(await payer.pay(1n))).to.equal('tick')
    expect(await payer.paid()).to.equal(8n)
  })
})

describe('a payer and its store', () => {
  it('lets nothing out and signs nothing before the store has it', async () => {
    const store = heldStore()
    const watched = watch(channelTo())
    const payer = payerOn({ store: watched.store(store), signer: watched.signer })
    await payer.paid()
    store.hold()
    const payment = payer.pay(5n)
    expect(await isPending(payment)).to.equal(true)
    expect(watched.signed).to.deep.equal([])
    await store.letOne()
    await payment
    const tick = payer.pay(1n)
    expect(await isPending(tick)).to.equal(true)
    await store.letOne()
    await tick
    watched.check()
  })

  it('waits for a store that hangs, and signs nothing more for the calls behind', async () => {
    const store = heldStore()
    const watched = watch(channelTo())
    const payer = payerOn({ store, signer: watched.signer })
    await payer.pay(1n)
    store.hold()
    const calls = [payer.pay(1_000n), payer.pay(1_000n), payer.pay(1n), payer.introduction(), payer.paid()]
    for (const call of calls) expect(await isPending(call)).to.equal(true)
    expect(watched.signed.length).to.equal(1)
    await store.release()
    await Promise.all(calls)
    expect(await payer.paid()).to.equal(2_002n)
  })

  it('pays nothing where the write fails: no signature, no tick, and the next payment is exact', async () => {
    const store = heldStore()
    const watched = watch(channelTo())
    const payer = payerOn({ store, signer: watched.signer })
    const payee = await payeeOf()
    await payee.accept(await payer.pay(5n))
    for (const amount of [1n, 1_000n]) {
      store.hold()
      const failing = codeOf(() => payer.pay(amount))
      await isPending(failing)
      await store.breakOne()
      expect(await failing).to.equal('STORE_FAILED')
      expect(watched.signed.length).to.equal(1)
      expect(await payer.paid()).to.equal(5n)
      await store.release()
    }
    const payment = await payer.pay(2n)
    expect(kindOf(payment)).to.equal('tick')
    expect(await payee.accept(payment)).to.include({ added: 2n, accepted: 7n })
  })

  it('pays nothing where the signer fails, and the next payment is exact, also after a restart', async () => {
    const store = memoryStore()
    let broken = false
    const moody = {
      address: signer.address,
      sign: async (parameters: { hash: `0x${string}` }) => {
        if (broken) throw new Error('The device is locked.')
        return signer.sign(parameters)
      },
    }
    const payer = payerOn({ store, signer: moody })
    const payee = await payeeOf()
    await payee.accept(await payer.pay(5n))
    await payee.accept(await payer.pay(1n))
    broken = true
    const failure = await payer.pay(1_000n).catch((error: unknown) => error)
    expect(failure).to.be.an('error').with.property('message', 'The device is locked.')
    expect(await payer.paid()).to.equal(6n)
    expect(await payerOn({ store }).paid()).to.equal(6n)
    broken = false
    const payment = await payer.pay(1n)
    expect(kindOf(payment)).to.equal('tick')
    expect(await payee.accept(payment)).to.include({ added: 1n, accepted: 7n })
    expect(await payee.accept(await payer.pay(1_000n))).to.include({ added: 1_000n, accepted: 1_007n })
  })

  it('goes on where it stopped, with the same chain, after a restart', async () => {
    const store = memoryStore()
    const payee = await payeeOf()
    await payee.accept(await payerOn({ store }).pay(5n))
    for (let run = 1; run <= 5; run++) {
      const payer = payerOn({ store })
      expect(await payer.paid()).to.equal(BigInt(4 + run))
      const payment = await payer.pay(1n)
      expect(kindOf(payment)).to.equal('channel+voucher+tick')
      expect(await payee.accept(payment)).to.include({ added: 1n, accepted: BigInt(5 + run) })
    }
  })

  it('keeps the channels of one store apart', async () => {
    const store = memoryStore()
    const [one, two] = [channelTo(), channelTo({ salt: bytes32('another salt') })]
    await payerOn({ store, channel: one }).pay(5n)
    await payerOn({ store, channel: two }).pay(7n)
    expect(await payerOn({ store, channel: one }).paid()).to.equal(5n)
    expect(await payerOn({ store, channel: two }).paid()).to.equal(7n)
  })

  it('remembers a top-up over a restart that was told of less', async () => {
    const store = memoryStore()
    await payerOn({ store, channel: channelTo({}, 10n) }).setFunded(20n)
    await payerOn({ store, channel: channelTo({}, 10n) }).pay(20n)
    await payerOn({ store, channel: channelTo({}, 30n) }).pay(10n)
    expect(await codeOf(() => payerOn({ store, channel: channelTo({}, 10n) }).pay(1n))).to.equal('DEPOSIT_EXCEEDED')
  })

  it('believes the last word on its deposit, also where an exit made it less', async () => {
    const store = memoryStore()
    const payer = payerOn({ store, channel: channelTo({}, 100n) })
    await payer.pay(10n)
    await payer.setFunded(50n)
    expect(await codeOf(() => payer.pay(41n))).to.equal('DEPOSIT_EXCEEDED')
    await payer.pay(40n)
    expect(await codeOf(() => payerOn({ store, channel: channelTo({}, 50n) }).pay(1n))).to.equal('DEPOSIT_EXCEEDED')
  })

  it('never signs or reveals more than it meant to pay, whatever fails, restarts and is recovered', async () => {
    type Step = { kind: 'pay' | 'break' | 'restart' | 'forget' | 'recover'; amount: bigint }
    const someStep: fc.Arbitrary<Step> = fc.record({
      kind: fc.constantFrom('pay', 'pay', 'pay', 'break', 'restart', 'forget', 'recover'),
      amount: fc.oneof(fc.bigInt({ min: 1n, max: 9n }), fc.bigInt({ min: 1n, max: 900n })),
    })
    let recovered = 0
    await fc.assert(
      fc.asyncProperty(fc.array(someStep, { minLength: 3, maxLength: 25 }), async (steps) => {
        const channel = channelTo()
        const watched: Watch = watch(channel)
        let store = heldStore()
        const restart = () => payerOn({ store: watched.store(store), signer: watched.signer, tickAmount: 3n })
        let payer = restart()
        let newest: Uint8Array | undefined
        let meant = 0n
        for (const { kind, amount } of steps) {
          if (kind === 'restart') payer = restart()
          else if (kind === 'forget') {
            // A payer that lost its store does not know what it paid; what it means to pay from now on comes on top.
            store = heldStore()
            payer = restart()
          } else if (kind === 'recover' && newest !== undefined) {
            await payer.recover(newest)
            recovered++
          } else if (kind === 'break') {
            await payer.paid()
            store.hold()
            const failing = codeOf(() => payer.pay(amount))
            await isPending(failing)
            await store.breakOne()
            expect(await failing).to.equal('STORE_FAILED')
            await store.release()
          } else {
            const payment: Uint8Array = await payer.pay(amount)
            watched.sent(payment)
            meant += amount
            const { voucher, tick }: Payment = decodePayment(payment)
            if (voucher) newest = encodePayment({ channelId: channel.id, voucher, ...(tick && { tick }) })
          }
          expect(watched.mostClaimable() <= meant, `${watched.mostClaimable()} of ${meant}`).to.equal(true)
        }
        watched.check()
      }),
      { numRuns: 60 },
    )
    expect(recovered).to.be.greaterThan(20)
  })
})

describe('a payer that lost its state', () => {
  const channel = channelTo()
  /** What a payee holds of this payer: a voucher of 100 and three ticks. */
  const held = async () => {
    const payer = payerOn({ channel })
    await payer.pay(100n)
    await payer.pay(3n)
    return payer.introduction()
  }
  const statement = (bytes: Uint8Array, change: (payment: Payment) => Payment = (payment) => payment) => {
    const { channel: _, ...payment } = decodePayment(bytes)
    return encodePayment(change(payment))
  }

  it('takes up its own newest payment and anchors a new chain above it', async () => {
    const store = memoryStore()
    const payee = await payeeOf(channel)
    const introduction = await held()
    await payee.accept(introduction)
    const payer = payerOn({ channel, store })
    const { code, values } = await payer.pay(1n).then((payment) => refusal(() => payee.accept(payment)))
    expect(code).to.equal('STALE_PAYMENT')
    await payer.recover(Buffer.from(String(values['state']).slice(2), 'hex'))
    expect(await payer.paid()).to.equal(103n)
    const payment = await payer.pay(1n)
    expect(kindOf(payment)).to.equal('voucher')
    expect(decodePayment(payment).voucher?.tickRoot).to.not.equal(decodePayment(introduction).voucher?.tickRoot)
    expect(await payee.accept(payment)).to.include({ added: 1n, accepted: 104n })
    expect(await payerOn({ channel, store }).paid()).to.equal(104n)
  })

  it('can introduce what it took up, though it cannot go on with its chain', async () => {
    const payer = payerOn({ channel })
    await payer.recover(statement(await held()))
    const payee = await payeeOf(channel)
    expect(await payee.accept(await payer.introduction())).to.include({ accepted: 103n })
  })

  it('keeps what it has where the payee returns something older or the same', async () => {
    const payer = payerOn({ channel })
    const states: Uint8Array[] = []
    for (const amount of [50n, 2n, 500n, 3n]) {
      await payer.pay(amount)
      states.push(statement(await payer.introduction()))
    }
    for (const state of states) {
      await payer.recover(state)
      expect(await payer.paid()).to.equal(555n)
      expect(kindOf(await payerOn({ channel }).pay(1n))).to.equal('channel+voucher')
    }
    expect(kindOf(await payer.pay(1n))).to.equal('tick')
  })

  it('believes nothing that it did not sign', async () => {
    const introduction = await held()
    const other = await signChain(channel, { total: 900n, signer: account('payee') })
    const foreign = await signChain(channelTo({ salt: bytes32('another salt') }), { total: 900n })
    const onOtherChain = await signChain(channelTo({ chainId: 1 }), { total: 900n })
    const cases: [Uint8Array, string][] = [
      [statement(other.payment()), 'INVALID_VOUCHER'],
      [encodePayment({ channelId: channel.id, voucher: foreign.voucher }), 'INVALID_VOUCHER'],
      [encodePayment({ channelId: channel.id, voucher: onOtherChain.voucher }), 'INVALID_VOUCHER'],
      [foreign.payment(), 'WRONG_CHANNEL'],
      [onOtherChain.payment(), 'WRONG_CHANNEL'],
      [statement(introduction, ({ channelId, tick }) => ({ channelId, ...(tick && { tick }) })), 'INVALID_VOUCHER'],
      [
        statement(introduction, (payment) => ({
          ...payment,
          ...(payment.voucher && { voucher: { ...payment.voucher, total: 900n } }),
        })),
        'INVALID_VOUCHER',
      ],
      [
        statement(introduction, (payment) => ({
          ...payment,
          ...(payment.voucher && { voucher: { ...payment.voucher, tickAmount: 900n } }),
        })),
        'INVALID_VOUCHER',
      ],
      ...[2, 4, 256, 257, 65_535].map((count): [Uint8Array, string] => [
        statement(introduction, (payment) => ({
          ...payment,
          ...(payment.tick && { tick: { ...payment.tick, count } }),
        })),
        'INVALID_TICK',
      ]),
      [
        statement(introduction, (payment) => ({ ...payment, tick: { count: 3, preimage: bytes32('made up') } })),
        'INVALID_TICK',
      ],
      [new Uint8Array(), 'PAYMENT_MALFORMED'],
    ]
    const payer = payerOn({ channel })
    await payer.pay(1n)
    for (const [state, code] of cases) {
      expect(await codeOf(() => payer.recover(state)), Buffer.from(state).toString('hex')).to.equal(code)
      expect(await payer.paid()).to.equal(1n)
    }
    const whole = statement(introduction)
    for (let size = 0; size < whole.length; size++)
      expect(await codeOf(() => payer.recover(whole.slice(0, size)))).to.equal('PAYMENT_MALFORMED')
    expect(kindOf(await payer.pay(1n)), 'the chain is still its own').to.equal('tick')
  })

  it('has taken up nothing where its store fails', async () => {
    const store = heldStore()
    const payer = payerOn({ channel, store: store as Store })
    await payer.paid()
    const state = statement(await held())
    store.hold()
    const failing = codeOf(() => payer.recover(state))
    await isPending(failing)
    await store.breakOne()
    expect(await failing).to.equal('STORE_FAILED')
    expect(await payer.paid()).to.equal(0n)
  })
})
