import { type Acceptance, paidTotal } from '@scrip/sdk/channels'
import { memoryStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import fc from 'fast-check'
import { allPayeeRecords as records } from '../../../sdk/channels/payeeRecords.ts'
import { codeOf } from '../errors/support/refusal.ts'
import { type Chain, payeeOn, signChain } from './support/channels.ts'
import { heldStore, isPending, settled } from './support/heldStore.ts'
import { channel, id, observing } from './support/observing.ts'

describe('a payee and its store', () => {
  /** A payee with a voucher of 10 safely stored, whose store waits from now on. */
  const holding = async () => {
    const store = heldStore()
    const payee = await observing(store)
    const chain = await signChain(channel, { total: 10n })
    await payee.accept(chain.payment())
    store.hold()
    return { store, payee, chain }
  }

  it('gives credit only for what the store has', async () => {
    const { store, payee, chain } = await holding()
    const acceptance = payee.accept(chain.tick(5))
    expect(await isPending(acceptance)).to.equal(true)
    expect(await payee.standing(id)).to.include({ accepted: 10n, credit: 10n })
    const charge = payee.charge(id, 1n, 100)
    await store.release()
    expect(await charge).to.equal(10)
    expect(await acceptance).to.include({ added: 5n, accepted: 15n })
    expect(await payee.charge(id, 1n, 100)).to.equal(5)
  })

  it('gives none for a repetition either, which waits for the first', async () => {
    const { store, payee, chain } = await holding()
    const [first, again, late] = [payee.accept(chain.tick(5)), payee.accept(chain.tick(5)), payee.accept(chain.tick(3))]
    for (const acceptance of [first, again, late]) expect(await isPending(acceptance)).to.equal(true)
    const charge = payee.charge(id, 1n, 100)
    await store.release()
    expect(await charge).to.equal(10)
    expect(await first).to.include({ added: 5n, accepted: 15n })
    expect(await again).to.include({ added: 0n, accepted: 15n })
    expect(await late).to.include({ added: 0n, accepted: 15n })
  })

  it('has accepted nothing where the write fails, also for repetitions, and counts the payment when it comes again', async () => {
    const { store, payee, chain } = await holding()
    const calls = [codeOf(() => payee.accept(chain.tick(5))), codeOf(() => payee.accept(chain.tick(5)))]
    await settled()
    expect(store.waiting()).to.equal(1)
    await store.breakOne()
    expect(await Promise.all(calls)).to.deep.equal(['STORE_FAILED', 'STORE_FAILED'])
    expect(await payee.standing(id)).to.include({ accepted: 10n, credit: 10n })
    await store.release()
    expect(await payee.charge(id, 1n, 100)).to.equal(10)
    expect(await payee.accept(chain.tick(5))).to.include({ added: 5n, accepted: 15n, credit: 5n })
  })

  it('has accepted no voucher where the write fails: the old chain goes on', async () => {
    const { store, payee, chain } = await holding()
    const next = await signChain(channel, { total: 100n })
    const failing = codeOf(() => payee.accept(next.payment(3)))
    await settled()
    await store.breakOne()
    expect(await failing).to.equal('STORE_FAILED')
    await store.release()
    expect(await payee.accept(chain.tick(5))).to.include({ added: 5n, accepted: 15n })
    expect(await payee.accept(next.payment(3))).to.include({ added: 88n, accepted: 103n })
  })

  it('has accepted what a later write carried, though its own failed', async () => {
    const { store, payee, chain } = await holding()
    const [one, two] = [payee.accept(chain.tick(2)), payee.accept(chain.tick(5))]
    await settled()
    expect(store.waiting()).to.equal(2)
    await store.breakOne()
    expect(await isPending(one)).to.equal(true)
    await store.letOne()
    expect(await one).to.include({ added: 2n, accepted: 15n })
    expect(await two).to.include({ added: 3n, accepted: 15n })
    await store.release()
  })

  it('has accepted nothing where all writes fail, whatever was built on the first', async () => {
    const { store, payee, chain } = await holding()
    const calls = [2, 5, 5, 7].map((ticks) => codeOf(() => payee.accept(chain.tick(ticks))))
    await settled()
    while (store.waiting() > 0) await store.breakOne()
    expect(await Promise.all(calls)).to.deep.equal(new Array(4).fill('STORE_FAILED'))
    expect(await payee.standing(id)).to.include({ accepted: 10n })
    await store.release()
    expect(await payee.accept(chain.tick(7))).to.include({ added: 7n, accepted: 17n })
  })

  it('does not forget what it served or saw where a write fails', async () => {
    const { store, payee, chain } = await holding()
    const charge = payee.charge(id, 1n, 4)
    await settled()
    await store.letOne()
    expect(await charge).to.equal(4)
    const failing = codeOf(() => payee.accept(chain.tick(5)))
    const seeing = codeOf(() => payee.observe(channel, { claimed: 0n, deposit: 12n, exitAt: 0 }))
    await settled()
    while (store.waiting() > 0) await store.breakOne()
    expect([await failing, await seeing]).to.deep.equal(['STORE_FAILED', 'STORE_FAILED'])
    expect(await payee.standing(id)).to.include({ accepted: 10n, charged: 4n, credit: 6n })
    await store.release()
    expect(await codeOf(() => payee.accept(chain.tick(3)))).to.equal('DEPOSIT_EXCEEDED')
    expect(await payee.accept(chain.tick(2))).to.include({ added: 2n, credit: 8n })
  })

  it('counts each unit exactly once, however many payments, repetitions and failures come at once', async () => {
    const chains = await Promise.all([0n, 12n, 40n].map((total) => signChain(channel, { total })))
    const someRun = fc.record({
      payments: fc.array(fc.record({ chain: fc.nat({ max: 2 }), ticks: fc.integer({ min: 1, max: 16 }) }), {
        minLength: 1,
        maxLength: 15,
      }),
      writes: fc.infiniteStream(fc.boolean()),
    })
    await fc.assert(
      fc.asyncProperty(someRun, async ({ payments, writes }) => {
        const store = heldStore()
        const payee = await observing(store)
        store.hold()
        const calls = payments.map(({ chain, ticks }) => payee.accept((chains[chain] as Chain).payment(ticks)))
        const outcomes = Promise.allSettled(calls)
        await settled()
        for (const works of writes) {
          if (store.waiting() === 0) break
          await (works ? store.letOne() : store.breakOne())
          const { accepted, credit } = await payee.standing(id)
          const [record] = await records(store)
          const { voucher, tick } = record ?? {}
          expect(accepted).to.equal(voucher ? paidTotal(voucher, tick?.count ?? 0) : 0n)
          expect(credit).to.equal(accepted)
        }
        const added = (await outcomes).reduce(
          (sum, outcome) => sum + (outcome.status === 'fulfilled' ? outcome.value.added : 0n),
          0n,
        )
        const { accepted } = await payee.standing(id)
        expect(added).to.equal(accepted)
        await store.release()
        const best = payments.reduce((most, { chain, ticks }) => {
          const total = paidTotal((chains[chain] as Chain).voucher, ticks)
          return total > most ? total : most
        }, 0n)
        const again: Acceptance[] = []
        for (const { chain, ticks } of payments) {
          const outcome = await payee.accept((chains[chain] as Chain).payment(ticks)).catch((error) => error.code)
          if (outcome !== 'STALE_PAYMENT') again.push(outcome)
        }
        expect(added + again.reduce((sum, acceptance) => sum + acceptance.added, 0n)).to.equal(best)
        expect(await payee.standing(id)).to.include({ accepted: best })
      }),
      { numRuns: 40 },
    )
  })

  it('goes on after a restart with all that it ever acknowledged', async () => {
    const store = memoryStore()
    const chain = await signChain(channel, { total: 10n })
    const before = await observing(store)
    await before.accept(chain.payment(5))
    expect(await before.charge(id, 2n, 3)).to.equal(3)
    await settled()
    const after = payeeOn(store)
    expect(await after.standing(id)).to.include({ accepted: 15n, charged: 6n, credit: 9n })
    expect(await after.accept(chain.tick(5))).to.include({ added: 0n })
    expect(await after.accept(chain.tick(7))).to.include({ added: 2n, accepted: 17n, credit: 11n })
    expect(await codeOf(async () => after.accept((await signChain(channel, { total: 1n })).payment()))).to.equal(
      'STALE_PAYMENT',
    )
    expect(await after.claimable()).to.deep.equal(await payeeOn(store).claimable())
  })

  it('has charged when the disk knows it, and until then gives the credit to nobody else', async () => {
    const { store, payee } = await holding()
    const charge = payee.charge(id, 3n, 2)
    expect(await isPending(charge)).to.equal(true)
    expect(await payee.charge(id, 5n, 1)).to.equal(0)
    expect(await payeeOn(store).standing(id)).to.include({ charged: 0n })
    await store.letOne()
    expect(await charge).to.equal(2)
    expect(await payeeOn(store).standing(id)).to.include({ charged: 6n })
    await store.release()
  })

  it('has charged nothing where the write fails, in whatever order writes succeed and fail', async () => {
    const { store, payee, chain } = await holding()
    const failing = [
      codeOf(() => payee.charge(id, 1n, 4)),
      codeOf(() => payee.accept(chain.tick(3), { hold: 'added' })),
    ]
    await settled()
    while (store.waiting() > 0) await store.breakOne()
    expect(await Promise.all(failing)).to.deep.equal(['STORE_FAILED', 'STORE_FAILED'])
    expect(await payee.standing(id)).to.include({ accepted: 10n, charged: 0n, credit: 10n })
    const [charge, acceptance] = [payee.charge(id, 1n, 4), payee.accept(chain.tick(3), { hold: 'added' })]
    await settled()
    await store.breakOne()
    await store.release()
    // The second write held the first charge, too.
    expect(await charge).to.equal(4)
    expect(await acceptance).to.include({ added: 3n, held: 3n })
    expect(await payeeOn(store).standing(id)).to.include({ accepted: 13n, charged: 7n, credit: 6n })
  })

  it('reads a record once for all calls that come before it is loaded, and shares it among them', async () => {
    const store = memoryStore()
    const chain = await signChain(channel, { total: 10n })
    await (await observing(store)).accept(chain.payment())
    let reads = 0
    const payee = payeeOn({
      ...store,
      get: async (table, key) => {
        const record = await store.get<object>(table, key)
        reads++
        await settled()
        return record as never
      },
    })
    const acceptances = await Promise.all([1, 2, 2, 3].map((ticks) => payee.accept(chain.tick(ticks))))
    expect(reads, 'one for each part').to.equal(3)
    expect(acceptances.map(({ added }) => added)).to.deep.equal([1n, 1n, 0n, 1n])
    expect(await Promise.all([payee.charge(id, 1n, 8), payee.charge(id, 1n, 8)])).to.deep.equal([8, 5])
  })
})
