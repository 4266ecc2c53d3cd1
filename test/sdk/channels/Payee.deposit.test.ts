import { createPayee, MAX_TOTAL, type Payee } from '@scrip/sdk/channels'
import { memoryStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import { allPayeeRecords as records } from '../../../sdk/channels/payeeRecords.ts'
import { codeOf, refusal } from '../errors/support/refusal.ts'
import { bytes32, channelTo, home, payeeAccount, payeeOn, signChain } from './support/channels.ts'
import { heldStore, settled } from './support/heldStore.ts'
import { channel, funded, id, observing } from './support/observing.ts'

describe('a payee and the deposit', () => {
  it('takes what the deposit carries and maxExposure on top, to the unit', async () => {
    for (const maxExposure of [0n, 7n]) {
      const payee = await observing(memoryStore(), 100n, maxExposure)
      const covered = 100n + maxExposure
      const { code, values } = await refusal(async () =>
        payee.accept((await signChain(channel, { total: covered + 1n })).payment()),
      )
      expect(code).to.equal('DEPOSIT_EXCEEDED')
      expect(values).to.include({ total: covered + 1n, covered })
      const chain = await signChain(channel, { total: covered - 2n })
      await payee.accept(chain.payment(2))
      expect(await codeOf(() => payee.accept(chain.tick(3)))).to.equal('DEPOSIT_EXCEEDED')
      expect(await payee.standing(id)).to.include({ accepted: covered })
    }
  })

  it('takes nothing on a channel that it never saw on chain: a stranger could make up thousands', async () => {
    const store = memoryStore()
    const payee = payeeOn(store, 1_000n)
    expect(await codeOf(async () => payee.accept((await signChain(channel, { total: 1n })).payment()))).to.equal(
      'DEPOSIT_EXCEEDED',
    )
    expect(await records(store)).to.deep.equal([])
    await payee.observe(channel, funded(0n))
    expect(await payee.accept((await signChain(channel, { total: 1n })).payment())).to.include({ added: 1n })
  })

  it('risks maxExposure once, over all channels of a currency, their claims, top-ups and its own restarts', async () => {
    const store = memoryStore()
    const salted = (name: string) => channelTo({ salt: bytes32(name) })
    const pay = async (payee: Payee, name: string, total: bigint) =>
      payee.accept((await signChain(salted(name), { total })).payment())
    const codeOfPaying = (payee: Payee, name: string, total: bigint) => codeOf(() => pay(payee, name, total))
    let payee = payeeOn(store, 10n)
    for (const name of ['one', 'two', 'three']) await payee.observe(salted(name), funded(100n))
    await pay(payee, 'one', 106n)
    expect(await codeOfPaying(payee, 'two', 105n)).to.equal('DEPOSIT_EXCEEDED')
    await pay(payee, 'two', 104n)
    expect(await codeOfPaying(payee, 'three', 101n)).to.equal('DEPOSIT_EXCEEDED')
    await pay(payee, 'three', 100n)
    payee = payeeOn(store, 10n)
    expect(await codeOfPaying(payee, 'one', 107n)).to.equal('DEPOSIT_EXCEEDED')
    // A claim that takes the whole deposit secures nothing more than the deposit did; a top-up does.
    await payee.observe(salted('one'), { claimed: 100n, deposit: 0n, exitAt: 0 })
    expect(await codeOfPaying(payee, 'three', 101n)).to.equal('DEPOSIT_EXCEEDED')
    await payee.observe(salted('one'), { claimed: 100n, deposit: 3n, exitAt: 0 })
    await pay(payee, 'three', 103n)
    expect(await codeOfPaying(payee, 'two', 105n)).to.equal('DEPOSIT_EXCEEDED')
  })

  it('frees what a failed write did not take', async () => {
    const store = heldStore()
    const payee = payeeOn(store, 10n)
    const other = channelTo({ salt: bytes32('other') })
    for (const each of [channel, other]) await payee.observe(each, funded(0n))
    store.hold()
    const failing = codeOf(async () => payee.accept((await signChain(channel, { total: 10n })).payment()))
    while (store.waiting() === 0) await settled()
    await store.breakOne()
    expect(await failing).to.equal('STORE_FAILED')
    await store.release()
    expect(await payee.accept((await signChain(other, { total: 10n })).payment())).to.include({ added: 10n })
  })

  it('counts what a purse channel pays as exposure: a purse secures nothing', async () => {
    const purse = channelTo({ flags: 1 })
    const payee = payeeOn(memoryStore(), 5n)
    await payee.observe(purse, funded(0n))
    expect(await payee.accept((await signChain(purse, { total: 5n })).payment())).to.include({ added: 5n })
    expect(await codeOf(async () => payee.accept((await signChain(purse, { total: 6n })).payment()))).to.equal(
      'DEPOSIT_EXCEEDED',
    )
    expect(await codeOf(() => payee.check(channelTo({ flags: 2 })))).to.equal('WRONG_CHANNEL')
  })

  it('leaves its margin of every deposit untouched', async () => {
    const { chainId, contract, token } = home
    const accept = { chainId, contract, currencies: [token], maxExposure: 0n, depositMargin: 10n }
    const payee = createPayee({ account: payeeAccount, store: memoryStore(), accept })
    await payee.observe(channel, funded(100n))
    const chain = await signChain(channel, { total: 80n })
    expect(await payee.accept(chain.payment(10))).to.include({ accepted: 90n })
    const { values } = await refusal(() => payee.accept(chain.tick(11)))
    expect(values).to.include({ total: 91n, covered: 90n })
  })

  it('counts what was claimed with what is left: a claim moves no limit', async () => {
    const payee = await observing(memoryStore(), 100n)
    const chain = await signChain(channel, { total: 90n })
    await payee.accept(chain.payment())
    await payee.observe(channel, { claimed: 90n, deposit: 10n, exitAt: 0 })
    expect(await payee.accept(chain.tick(10))).to.include({ accepted: 100n, unclaimed: 10n })
    expect(await codeOf(() => payee.accept(chain.tick(11)))).to.equal('DEPOSIT_EXCEEDED')
    await payee.observe(channel, { claimed: 90n, deposit: 11n, exitAt: 0 })
    expect(await payee.accept(chain.tick(11))).to.include({ accepted: 101n })
  })

  it('takes no more than a contract could ever pay out, whatever it is ready to risk', async () => {
    const payee = await observing(memoryStore(), MAX_TOTAL, 2n ** 200n)
    const chain = await signChain(channel, { total: MAX_TOTAL - 2n, tickAmount: MAX_TOTAL })
    await payee.accept(chain.payment())
    expect(await codeOf(() => payee.accept(chain.tick(1)))).to.equal('DEPOSIT_EXCEEDED')
    const last = await signChain(channel, { total: MAX_TOTAL - 1n })
    expect(await payee.accept(last.payment(1))).to.include({ accepted: MAX_TOTAL })
    expect(await codeOf(() => payee.accept(last.tick(2)))).to.equal('DEPOSIT_EXCEEDED')
  })

  it('takes nothing new on a channel that is being left, and still knows what it has', async () => {
    const payee = await observing()
    const chain = await signChain(channel, { total: 10n })
    await payee.accept(chain.payment(1))
    await payee.observe(channel, { claimed: 0n, deposit: 1_000_000n, exitAt: 1_800_000_000 })
    const { code, values } = await refusal(() => payee.accept(chain.tick(2)))
    expect(code).to.equal('CHANNEL_EXITING')
    expect(values).to.include({ exitAt: 1_800_000_000 })
    expect(await codeOf(async () => payee.accept((await signChain(channel, { total: 100n })).payment()))).to.equal(
      'CHANNEL_EXITING',
    )
    expect(await payee.accept(chain.tick(1))).to.include({ added: 0n, accepted: 11n })
    expect(await payee.accept(chain.payment(1))).to.include({ added: 0n, accepted: 11n })
    expect(await payee.charge(id, 1n, 100)).to.equal(11)
    expect((await payee.claimable()).length).to.equal(1)
  })

  it('answers a repetition with what it holds, also after the deposit is gone', async () => {
    const payee = await observing()
    const chain = await signChain(channel, { total: 10n })
    await payee.accept(chain.payment(1))
    await payee.observe(channel, { claimed: 0n, deposit: 0n, exitAt: 0 })
    expect(await payee.accept(chain.tick(1))).to.include({ added: 0n, accepted: 11n })
    expect(await payee.accept(chain.payment(1))).to.include({ added: 0n, accepted: 11n })
    expect(await codeOf(() => payee.accept(chain.tick(2)))).to.equal('DEPOSIT_EXCEEDED')
  })
})
