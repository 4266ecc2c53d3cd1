import { fork } from 'node:child_process'
import { once } from 'node:events'
import { getChannelState } from '@scrip/sdk/chain'
import { type Claim, channelId } from '@scrip/sdk/channels'
import { type ErrorCode, ScripError } from '@scrip/sdk/errors'
import { createWatchtower, type WatchtowerParameters } from '@scrip/sdk/settlement'
import { memoryStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import { type Address, toHex } from 'viem'
import { claimOf, openTown, type Person, type Town } from './support/town.ts'

describe('the watchtower', function () {
  this.timeout(60_000)
  let town: Town
  let keeper: Person
  let payee: Person

  before(async () => {
    town = await openTown()
    keeper = await town.person()
  })
  after(() => town.stop())
  beforeEach(async () => {
    payee = await town.person()
  })

  const tower = (options: Partial<WatchtowerParameters> = {}) =>
    createWatchtower({ client: keeper.client, store: memoryStore(), every: 20, bumpAfter: 200, ...options })

  it('saves a payee that is away while its payer leaves, with a key of its own only', async () => {
    const watched = await town.channelTo(payee.address, { exitDelay: 900 })
    const unwatched = await town.channelTo(payee.address, { exitDelay: 900 })
    const child = fork(new URL('support/watch.ts', import.meta.url), {
      execArgv: ['--conditions=source', '--disable-warning=ExperimentalWarning'],
      serialization: 'advanced',
    })
    try {
      child.send({ url: town.url, key: keeper.key, claims: [await claimOf(watched.payer, watched.channel, 70n)] })
      await once(child, 'message')
      const settled = once(child, 'message')
      for (const { payer, channel } of [watched, unwatched]) await payer.actions.requestExit({ channel })
      await settled
      await town.pass(901)
      for (const { payer, channel } of [watched, unwatched]) await payer.actions.exit({ channel })
    } finally {
      child.kill('SIGKILL')
    }
    // Nobody was there for the second channel: what its payee is owed went back to the payer.
    expect(await town.earned(payee)).to.equal(70n)
    expect(await town.earned(watched.payer)).to.equal(30n)
    expect(await town.earned(unwatched.payer)).to.equal(100n)
    expect(await town.transactions(payee.address)).to.equal(0)
  })

  it('keeps the best claim of a channel, in whatever order they come', async () => {
    const { payer, channel } = await town.channelTo(payee.address)
    const [worse, best] = [await claimOf(payer, channel, 10n), await claimOf(payer, channel, 20n)]
    const keeps = tower()
    await Promise.all([keeps.watch(worse), keeps.watch(best), keeps.watch(worse)])
    expect(await keeps.watched()).to.deep.equal([best])
    await keeps.settle()
    expect(await town.earned(payee)).to.equal(0n)
    await payer.actions.requestExit({ channel })
    await keeps.settle()
    expect(await town.earned(payee)).to.equal(20n)
    // What is claimed is watched no more, and a newer claim is.
    await keeps.settle()
    await keeps.watch(await claimOf(payer, channel, 25n))
    await keeps.settle()
    expect(await town.earned(payee)).to.equal(25n)
  })

  it('goes on with what it was given before a restart', async () => {
    const { payer, channel } = await town.channelTo(payee.address)
    const store = memoryStore()
    const first = tower({ store })
    await first.watch(await claimOf(payer, channel, 10n))
    await first.close()
    await payer.actions.requestExit({ channel })
    const second = tower({ store })
    await second.settle()
    expect(await town.earned(payee)).to.equal(10n)
  })

  it('refuses what the contract would refuse, so that it cannot take the place of what it would not', async () => {
    const { payer, channel } = await town.channelTo(payee.address)
    const good = await claimOf(payer, channel, 10n)
    const keeps = tower()
    await keeps.watch(good)
    const madeUp = { ...channel, salt: toHex(1n, { size: 32 }) }
    const renamed = { ...madeUp, id: channelId(madeUp) }
    const stranger = await town.person()
    const signer = stranger.address.toLowerCase() as Address
    const cases: [ErrorCode, Claim][] = [
      ['INVALID_VOUCHER', { ...good, total: 90n }],
      ['INVALID_VOUCHER', { ...(await claimOf(stranger, { ...channel, signer }, 90n)), channel }],
      ['INVALID_TICK', { ...good, ticks: 1, maxTicks: good.maxTicks, preimage: toHex(7n, { size: 32 }) }],
      ['INVALID_TICK', { ...good, ticks: good.maxTicks + 1 }],
      ['WRONG_CHANNEL', { ...good, channel: { ...channel, payee: payer.address } }],
      ['WRONG_CHANNEL', { ...good, channel: { ...channel, chainId: 1 } }],
      ['WRONG_CHANNEL', { ...good, channel: { ...channel, contract: town.currency } }],
      ['UNKNOWN_CHANNEL', await claimOf(payer, renamed, 90n)],
    ]
    for (const [code, claim] of cases) {
      const error = await keeps.watch(claim).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      expect(error, code).to.be.instanceOf(ScripError).with.property('code', code)
    }
    expect(await keeps.watched()).to.deep.equal([good])
    expect((await getChannelState(keeper.client, { channelId: channel.id })).claimed).to.equal(0n)
  })
})
