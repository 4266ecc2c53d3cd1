import { setTimeout as pause } from 'node:timers/promises'
import { type ChannelState, encodePayment, type Payee, type PayeeRecord, paidTotal } from '@scrip/sdk/channels'
import { ScripError } from '@scrip/sdk/errors'
import type { Store } from '@scrip/sdk/store'
import { expect } from 'chai'
import fc from 'fast-check'
import { uncertain } from '../../../sdk/store/outcomes.ts'
import { codeOf, refusal } from '../errors/support/refusal.ts'
import { bytes32, type Chain, channelTo, payeeOn, signChain } from './support/channels.ts'
import { type SharedStore, sharedStore } from './support/sharedStore.ts'

const channel = channelTo()
const { id } = channel
const funded = (deposit = 1_000_000n): ChannelState => ({ claimed: 0n, deposit, exitAt: 0 })

describe('payees of one account in several processes', () => {
  let store: SharedStore
  let one: Payee
  let other: Payee

  beforeEach(async () => {
    store = sharedStore()
    // Deaf: whatever they get right does not hang on how soon they hear of each other.
    ;[one, other] = [payeeOn(store.end(true)), payeeOn(store.end(true))]
    await one.observe(channel, funded())
  })

  const record = async (): Promise<PayeeRecord> => (await store.end().get<PayeeRecord>('payees', id)) as PayeeRecord

  it('take a payment once, whoever gets it first, and go on with each other’s', async () => {
    const [first, second] = [await signChain(channel, { total: 10n }), await signChain(channel, { total: 30n })]
    const third = payeeOn(store.end(true))
    expect(await third.standing(id)).to.include({ accepted: 0n })
    expect(await one.accept(first.payment(2))).to.include({ added: 12n })
    expect(await third.accept(first.tick(2))).to.include({ added: 0n, accepted: 12n })
    expect(await other.accept(first.payment(2))).to.include({ added: 0n, accepted: 12n })
    expect(await other.accept(first.tick(5))).to.include({ added: 3n })
    expect(await one.accept(first.tick(5))).to.include({ added: 0n })
    expect(await one.accept(second.payment())).to.include({ added: 15n })
    // A tick of a voucher that this one never saw, and one of a voucher that was replaced.
    expect(await other.accept(second.tick(4))).to.include({ added: 4n, accepted: 34n })
    const { code, values } = await refusal(async () => one.accept((await signChain(channel, { total: 3n })).payment()))
    expect([code, values['accepted']]).to.deep.equal(['STALE_PAYMENT', 34n])
  })

  it('take a payment that comes to both at once exactly once', async () => {
    const chain = await signChain(channel, { total: 10n })
    for (let ticks = 1; ticks <= 16; ticks++) {
      const added = await Promise.all(
        [one, other, one, other].map((payee) => payee.accept(chain.payment(ticks)).then(({ added }) => added)),
      )
      expect(added.reduce((sum, part) => sum + part)).to.equal(ticks === 1 ? 11n : 1n)
    }
  })

  it('never charge more than was paid, give back what the other one charged, and find what it was paid', async () => {
    const chain = await signChain(channel, { total: 10n })
    await one.accept(chain.payment())
    const counts = await Promise.all([one, other, one, other].map((payee) => payee.charge(id, 1n, 4)))
    expect(counts.reduce((sum, count) => sum + count)).to.equal(10)
    expect(await one.charge(id, 1n, 1)).to.equal(0)
    await other.accept(chain.tick(3))
    expect(await one.charge(id, 1n, 5)).to.equal(3)
    await other.giveBack(id, 13n)
    expect(await codeOf(() => one.giveBack(id, 1n))).to.equal('INVALID_ARGUMENT')
    expect(await one.charge(id, 1n, 100)).to.equal(13)
    expect((await record()).charged).to.equal(13n)
  })

  it('count each unit once in any run of payments, charges and returns at once', async () => {
    const chains = await Promise.all([0n, 12n, 40n].map((total) => signChain(channel, { total })))
    const someCall = fc.record({
      payee: fc.nat({ max: 2 }),
      what: fc.constantFrom('pay', 'hold', 'charge', 'giveBack'),
      chain: fc.nat({ max: 2 }),
      amount: fc.integer({ min: 1, max: 16 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(someCall, { maxLength: 20 }), fc.boolean(), async (calls, areDeaf) => {
        const shared = sharedStore()
        const payees = [1, 2, 3].map(() => payeeOn(shared.end(areDeaf)))
        await payees[0]?.observe(channel, funded())
        let spent = 0n
        const carryOut = async ({ payee: index, what, chain, amount }: (typeof calls)[number]) => {
          const payee = payees[index] as Payee
          if (what === 'charge') {
            const count = await payee.charge(id, 1n, amount)
            spent += BigInt(count)
          } else if (what === 'giveBack') {
            await payee.giveBack(id, BigInt(amount))
            spent -= BigInt(amount)
          } else {
            const payment = (chains[chain] as Chain).payment(amount)
            const { held } = await payee.accept(payment, what === 'hold' ? { hold: 'added' } : {})
            spent += held
          }
        }
        const codes = await Promise.all(calls.map((call) => codeOf(() => carryOut(call))))
        for (const code of codes)
          expect(code).to.be.oneOf([undefined, 'STALE_PAYMENT', 'INVALID_ARGUMENT', 'UNKNOWN_CHANNEL'])
        const kept = (await shared.end().get<PayeeRecord>('payees', id)) as PayeeRecord
        const accepted = kept.voucher ? paidTotal(kept.voucher, kept.tick?.count ?? 0) : 0n
        const best = calls
          .filter(({ what }) => what === 'pay' || what === 'hold')
          .map(({ chain, amount }) => paidTotal((chains[chain] as Chain).voucher, amount))
        expect(accepted).to.equal(best.reduce((most, total) => (total > most ? total : most), 0n))
        expect(kept.charged).to.equal(spent)
        expect(spent <= accepted).to.equal(true)
        for (const payee of payees) await payee.charge(id, 1n, 1_000)
        expect(((await shared.end().get<PayeeRecord>('payees', id)) as PayeeRecord).charged).to.equal(accepted)
      }),
      { numRuns: 60 },
    )
  }).timeout(30_000)

  it('know what the other one saw on chain, and keep the newer of two looks', async () => {
    const chain = await signChain(channel, { total: 10n })
    await other.accept(chain.payment())
    await one.observe(channel, { claimed: 10n, deposit: 5n, exitAt: 0 })
    await other.observe(channel, funded())
    expect((await record()).state).to.deep.equal({ claimed: 10n, deposit: 5n, exitAt: 0 })
    expect(await codeOf(() => other.accept(chain.tick(6)))).to.equal('DEPOSIT_EXCEEDED')
    await one.observe(channel, { claimed: 10n, deposit: 50n, exitAt: 0 })
    expect(await other.accept(chain.tick(6))).to.include({ added: 6n })
  })

  it('hear of credit that the other one was paid', async () => {
    const [hearing, paid] = [payeeOn(store.end()), payeeOn(store.end())]
    const heard: unknown[] = []
    hearing.watch((channelId) => heard.push(channelId))
    const chain = await signChain(channel, { total: 10n })
    const credited = hearing.credited(id, 12n, AbortSignal.timeout(5_000))
    await paid.accept(chain.payment(1))
    await paid.accept(chain.payment(2))
    await credited
    expect(heard).to.include(id)
    await paid.accept(chain.payment(3))
    while ((await hearing.standing(id)).accepted < 13n) await pause(1)
  })

  describe('and what they risk beyond deposits', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    const channels = names.map((name) => channelTo({ salt: bytes32(name) }))

    it('risk no more than the limit together, however many payments come at once', async () => {
      const limit = 30n
      const chains = await Promise.all(channels.map((each) => signChain(each, { total: 10n })))
      const someCall = fc.record({
        payee: fc.nat({ max: 2 }),
        index: fc.nat({ max: channels.length - 1 }),
        ticks: fc.integer({ min: 1, max: 16 }),
      })
      await fc.assert(
        fc.asyncProperty(fc.array(someCall, { minLength: 1, maxLength: 15 }), async (calls) => {
          const shared = sharedStore()
          const payees = [1, 2, 3].map(() => payeeOn(shared.end(true), limit))
          for (const each of channels) await payees[0]?.observe(each, funded(5n))
          const codes = await Promise.all(
            calls.map(({ payee, index, ticks }) =>
              codeOf(() => (payees[payee] as Payee).accept((chains[index] as Chain).payment(ticks))),
            ),
          )
          for (const code of codes) expect(code).to.be.oneOf([undefined, 'DEPOSIT_EXCEEDED', 'STALE_PAYMENT'])
          expect(codes).to.include(undefined)
          const records = await shared.end().all<PayeeRecord>('payees')
          const exposed = records
            .map(({ voucher, tick }) => (voucher ? paidTotal(voucher, tick?.count ?? 0) - 5n : 0n))
            .reduce((sum, amount) => sum + (amount > 0n ? amount : 0n), 0n)
          expect(exposed <= limit, `${exposed} of ${limit}`).to.equal(true)
        }),
        { numRuns: 60 },
      )
    }).timeout(30_000)

    it('take up what the other one got back', async () => {
      const [first, second] = [payeeOn(store.end(true), 10n), payeeOn(store.end(true), 10n)]
      const [left, right] = channels as [typeof channel, typeof channel]
      for (const each of [left, right]) await first.observe(each, funded(0n))
      await first.accept((await signChain(left, { total: 10n })).payment())
      const payment = (await signChain(right, { total: 10n })).payment()
      expect(await codeOf(() => second.accept(payment))).to.equal('DEPOSIT_EXCEEDED')
      await first.observe(left, funded(10n))
      expect(await second.accept(payment)).to.include({ added: 10n })
      expect(await codeOf(async () => first.accept((await signChain(left, { total: 11n })).payment()))).to.equal(
        'DEPOSIT_EXCEEDED',
      )
    })
  })

  describe('and a database of which nobody knows what it kept', () => {
    /** A store that loses the answer to the next write with a charge, which it carries out or not. */
    const losing = (inner: Store) => {
      let isIn: boolean | undefined
      return {
        loseNext: (carriedOut: boolean) => {
          isIn = carriedOut
        },
        store: {
          ...inner,
          write: async (changes) => {
            const outcome = isIn
            isIn = undefined
            if (outcome !== false) await inner.write(changes)
            if (outcome !== undefined) throw uncertain('lost', undefined, pause(20, outcome))
          },
        } satisfies Store,
      }
    }

    for (const isIn of [true, false]) {
      it(`charge nothing in the end where nothing was served: a charge that was ${isIn ? '' : 'not '}carried out`, async () => {
        const { store: breaking, loseNext } = losing(store.end())
        const payee = payeeOn(breaking)
        const chain = await signChain(channel, { total: 10n })
        await payee.accept(chain.payment())
        loseNext(isIn)
        expect(await codeOf(() => payee.charge(id, 1n, 4))).to.equal('STORE_UNCERTAIN')
        expect((await record()).charged).to.equal(isIn ? 4n : 0n)
        while ((await record()).charged > 0n) await pause(1)
        loseNext(isIn)
        expect(await codeOf(() => payee.accept(chain.tick(5), { hold: 'rest' }))).to.equal('STORE_UNCERTAIN')
        while ((await record()).charged > 0n) await pause(1)
        expect(await payee.accept(chain.tick(6))).to.include({ added: isIn ? 1n : 6n, accepted: 16n, credit: 16n })
      })
    }

    it('give back what could not be given back at once', async () => {
      const inner = store.end()
      let isAway = false
      const payee = payeeOn({
        ...inner,
        write: async (changes) => {
          if (isAway) throw new ScripError('STORE_FAILED')
          await inner.write(changes)
        },
      })
      await payee.accept((await signChain(channel, { total: 10n })).payment(), { hold: 'rest' })
      isAway = true
      expect(await codeOf(() => payee.giveBack(id, 7n))).to.equal('STORE_FAILED')
      isAway = false
      while ((await record()).charged > 3n) await pause(5)
      expect(await payee.charge(id, 1n, 100)).to.equal(7)
    })
  })

  it('refuse what is wrong on any record without a second look at the store', async () => {
    const inner = store.end(true)
    let reads = 0
    const payee = payeeOn({
      ...inner,
      read: (table, key) => {
        reads++
        return inner.read(table, key)
      },
    })
    const chain = await signChain(channel, { total: 10n })
    await payee.accept(chain.payment())
    reads = 0
    const forged = { ...chain.voucher, total: 11n }
    for (let attempt = 0; attempt < 5; attempt++) {
      expect(await codeOf(() => payee.accept(encodePayment({ channelId: id, voucher: forged })))).to.equal(
        'INVALID_VOUCHER',
      )
    }
    expect(reads).to.equal(0)
  })
})
