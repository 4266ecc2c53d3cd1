import { type Acceptance, createPayee } from '@scrip/sdk/channels'
import { memoryStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import { codeOf } from '../errors/support/refusal.ts'
import { address, bytes32, channelTo, payeeOn, signChain } from './support/channels.ts'
import { heldStore, isPending, settled } from './support/heldStore.ts'
import { channel, funded, id, observing } from './support/observing.ts'

describe('charging', () => {
  it('takes whole pieces, as many as wanted and paid for', async () => {
    const payee = await observing()
    await payee.accept((await signChain(channel, { total: 10n })).payment())
    expect(await payee.charge(id, 3n, 2)).to.equal(2)
    expect(await payee.charge(id, 3n, 2)).to.equal(1)
    expect(await payee.charge(id, 3n, 2)).to.equal(0)
    expect(await payee.charge(id, 2n, 0)).to.equal(0)
    expect(await payee.standing(id)).to.include({ charged: 9n, credit: 1n })
  })

  it('never takes more than the credit, however many ask at once while payments come in', async () => {
    const payee = await observing()
    const chain = await signChain(channel, { total: 5n })
    await payee.accept(chain.payment())
    const charges: Promise<number>[] = []
    const acceptances: Promise<Acceptance>[] = []
    for (let ticks = 1; ticks <= 16; ticks++) {
      acceptances.push(payee.accept(chain.tick(ticks)))
      for (let call = 0; call < 5; call++) charges.push(payee.charge(id, 1n, 2))
      if (ticks % 4 === 0) await settled()
      const { accepted, charged } = await payee.standing(id)
      expect(charged <= accepted).to.equal(true)
    }
    await Promise.all(acceptances)
    const charged = (await Promise.all(charges)).reduce((sum, count) => sum + count, 0)
    const standing = await payee.standing(id)
    expect(standing).to.include({ accepted: 21n, charged: BigInt(charged) })
    expect(standing.charged <= standing.accepted).to.equal(true)
    expect(BigInt(charged + (await payee.charge(id, 1n, 100)))).to.equal(21n)
  })

  it('comes with the payment in one write, and what was not served is given back', async () => {
    const store = heldStore()
    const payee = await observing(store)
    const chain = await signChain(channel, { total: 10n })
    store.hold()
    const acceptance = payee.accept(chain.payment(), { hold: 'rest' })
    await settled()
    expect(store.waiting()).to.equal(1)
    await store.release()
    expect(await acceptance).to.include({ added: 10n, held: 10n, charged: 10n, credit: 0n })
    await payee.giveBack(id, 7n)
    expect(await payeeOn(store).standing(id)).to.include({ charged: 3n, credit: 7n })
    expect(await payee.accept(chain.tick(1), { amount: 1n, hold: 'added' })).to.include({ held: 1n, credit: 7n })
    // All that is left is for the newest payment, where nothing else is on its way.
    expect(await payee.accept(chain.tick(3), { amount: 1n, arrived: 11n, hold: 'rest' })).to.include({ held: 1n })
    expect(await payee.accept(chain.tick(4), { amount: 1n, arrived: 13n, hold: 'rest' })).to.include({ held: 9n })
    expect(await payee.accept(chain.tick(4), { amount: 1n, arrived: 13n, hold: 'rest' })).to.include({ held: 0n })
    expect(await payee.standing(id)).to.include({ accepted: 14n, charged: 14n, credit: 0n })
    for (const amount of [0n, -1n, 15n])
      expect(await codeOf(() => payee.giveBack(id, amount))).to.equal('INVALID_ARGUMENT')
  })

  it('refuses prices that would give credit instead of taking it', async () => {
    const payee = await observing()
    await payee.accept((await signChain(channel, { total: 5n })).payment())
    for (const [price, most] of [
      [0n, 1],
      [-1n, 1],
      [1n, -1],
      [1n, 0.5],
      [1n, Number.NaN],
    ] as const)
      expect(await codeOf(() => payee.charge(id, price, most)), `${price} ${most}`).to.equal('INVALID_ARGUMENT')
    expect(await payee.standing(id)).to.include({ charged: 0n, credit: 5n })
  })
})

describe('claimable', () => {
  it('lists the best claim of every channel that has something new, the largest first', async () => {
    const store = memoryStore()
    const payee = payeeOn(store)
    const salted = (name: string) => channelTo({ salt: bytes32(name) })
    for (const [name, total, claimed] of [
      ['small', 5n, 0n],
      ['settled', 50n, 50n],
      ['large', 70n, 0n],
      ['partly settled', 80n, 60n],
      ['never paid', 0n, 0n],
    ] as const) {
      await payee.observe(salted(name), { claimed, deposit: 1_000n, exitAt: 0 })
      if (total > 0n) await payee.accept((await signChain(salted(name), { total })).payment())
    }
    const claims = await payee.claimable()
    expect(claims.map(({ channel, total }) => [channel.id, total])).to.deep.equal([
      [salted('large').id, 70n],
      [salted('partly settled').id, 80n],
      [salted('small').id, 5n],
    ])
  })

  it('lists nothing of other payees, chains and contracts in the same store', async () => {
    const store = memoryStore()
    for (const fields of [{ payee: address('another payee') }, { chainId: 1 }, { contract: address('another') }]) {
      const other = channelTo(fields)
      const owner = createPayee({
        account: { address: other.payee },
        store,
        accept: { chainId: other.chainId, contract: other.contract, currencies: [other.token], maxExposure: 9n },
      })
      await owner.observe(other, funded())
      await owner.accept((await signChain(other, { total: 5n })).payment())
      expect((await owner.claimable()).length).to.equal(1)
    }
    expect(await payeeOn(store).claimable()).to.deep.equal([])
  })

  it('lists nothing that the store does not have', async () => {
    const store = heldStore()
    const payee = await observing(store)
    store.hold()
    const acceptance = payee.accept(await signChain(channel, { total: 5n }).then((chain) => chain.payment()))
    await settled()
    expect(await payee.claimable()).to.deep.equal([])
    await store.release()
    await acceptance
    expect((await payee.claimable()).length).to.equal(1)
  })
})

describe('credited', () => {
  /** A signal that counts who listens to it. */
  const countedSignal = () => {
    const controller = new AbortController()
    const { signal } = controller
    let listeners = 0
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = ((...parameters: Parameters<typeof add>) => {
      listeners++
      add(...parameters)
    }) as typeof signal.addEventListener
    signal.removeEventListener = ((...parameters: Parameters<typeof remove>) => {
      listeners--
      remove(...parameters)
    }) as typeof signal.removeEventListener
    return { controller, signal, listeners: () => listeners }
  }

  it('resolves at once where the credit is there, and listens to nothing', async () => {
    const payee = await observing()
    await payee.accept((await signChain(channel, { total: 5n })).payment())
    const { signal, listeners } = countedSignal()
    await payee.credited(id, 5n, signal)
    expect(listeners()).to.equal(0)
  })

  it('wakes when enough came, not before, and only when the store has it', async () => {
    const store = heldStore()
    const payee = await observing(store)
    const chain = await signChain(channel, { total: 5n })
    await payee.accept(chain.payment())
    const { signal, listeners } = countedSignal()
    const waiting = payee.credited(id, 8n, signal)
    await payee.accept(chain.tick(1))
    await payee.accept(chain.tick(2))
    expect(await isPending(waiting)).to.equal(true)
    expect(listeners()).to.equal(1)
    store.hold()
    const last = payee.accept(chain.tick(3))
    expect(await isPending(waiting)).to.equal(true)
    await store.release()
    await Promise.all([waiting, last])
    expect(listeners()).to.equal(0)
  })

  it('wakes everybody who waits for what came', async () => {
    const payee = await observing()
    const chain = await signChain(channel, { total: 1n })
    const { signal, listeners } = countedSignal()
    const waiting = Array.from({ length: 50 }, (_, index) => payee.credited(id, BigInt(1 + (index % 3)), signal))
    await payee.accept(chain.payment())
    const pending = await Promise.all(waiting.map(isPending))
    expect(pending.filter((isWaiting) => isWaiting).length).to.equal(33)
    await payee.accept(chain.tick(2))
    await Promise.all(waiting)
    expect(listeners()).to.equal(0)
  })

  it('goes on waiting where somebody else took the credit first', async () => {
    const payee = await observing()
    const chain = await signChain(channel, { total: 1n })
    const { controller, signal } = countedSignal()
    const taken = payee.credited(id, 1n, signal).then(() => payee.charge(id, 1n, 1))
    const waiting = payee.credited(id, 2n, signal)
    await payee.accept(chain.payment())
    expect(await taken).to.equal(1)
    await payee.accept(chain.tick(1))
    expect(await isPending(waiting)).to.equal(true)
    await payee.accept(chain.tick(2))
    await waiting
    controller.abort()
  })

  it('rejects with the reason when it is aborted, before or while it waits, and leaves no listener', async () => {
    const payee = await observing()
    const { controller, signal, listeners } = countedSignal()
    const waiting = Array.from({ length: 20 }, () => payee.credited(id, 1n, signal).catch((reason: unknown) => reason))
    await settled()
    expect(listeners()).to.equal(20)
    const reason = new Error('The client hung up.')
    controller.abort(reason)
    for (const outcome of await Promise.all(waiting)) expect(outcome).to.equal(reason)
    expect(await payee.credited(id, 1n, signal).catch((late: unknown) => late)).to.equal(reason)
    expect(listeners()).to.equal(0)
    await payee.accept((await signChain(channel, { total: 5n })).payment())
    expect(await payee.standing(id)).to.include({ credit: 5n })
  })
})
