import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/types'
import { expect } from 'chai'
import { ZeroAddress } from 'ethers'
import { network } from 'hardhat'
import {
  accounts,
  type Channel,
  createCurrency,
  deployContracts,
  descriptor,
  MAX_UINT96,
  signedReceipt,
  voucher,
  WEIGHT_ONE,
} from '../../support/contracts.ts'

const { ethers, networkHelpers } = await network.create()
const { time } = networkHelpers

const DAY = 86_400

/** Steve is the steward of network 1, whose epochs are days. Anna, Bert and Carla pay each other in Claire's dollars. */
async function community() {
  const { claire, steve, anna, bert, carla } = await accounts(ethers, 'claire', 'steve', 'anna', 'bert', 'carla')
  const contracts = await deployContracts(ethers)
  const { channels, history } = contracts
  const dollar = await createCurrency(ethers, contracts, claire)
  for (const peer of [anna, bert, carla]) await dollar.mint(peer, 10n ** 24n)
  await history.createNetwork(steve, DAY, 'ipfs://network')

  /** Settles a channel up to `total` ever paid, and returns it. */
  async function settle(from: HardhatEthersSigner, to: HardhatEthersSigner, total: bigint): Promise<Channel> {
    const channel = await descriptor({ payer: from, payee: to, token: dollar })
    const { claimed } = await channels.state(await channels.channelId(channel))
    await channels.connect(from).fund(channel, total - claimed)
    await channels.claim(await voucher(channels, from, channel, total))
    return channel
  }
  return { ...contracts, dollar, claire, steve, anna, bert, carla, settle }
}

/** The same where the dollar's base unit counts one. */
async function weighted() {
  const world = await community()
  await world.history.connect(world.steve).setWeight(1, world.dollar, WEIGHT_ONE)
  return world
}

type World = Awaited<ReturnType<typeof community>>

async function served({ history }: World, consumer: HardhatEthersSigner, provider: HardhatEthersSigner) {
  return (await history.edge(1, consumer, provider)).served
}

describe('A network', () => {
  it('is created by anyone, with a steward and epochs', async () => {
    const { history, steve, carla } = await networkHelpers.loadFixture(community)
    await expect(history.connect(carla).createNetwork(steve, 3_600, 'ipfs://another'))
      .to.emit(history, 'NetworkCreated')
      .withArgs(2, steve, 3_600, 'ipfs://another')
    expect(await history.network(2)).to.deep.equal([steve.address, 3_600n, 1n])
    await time.increase(3_600)
    expect((await history.network(2)).epoch).to.equal(2n)
    await time.increase(10 * 3_600)
    expect((await history.network(2)).epoch).to.equal(12n)
  })

  it('has a steward', async () => {
    const { history } = await networkHelpers.loadFixture(community)
    await expect(history.createNetwork(ZeroAddress, DAY, '')).to.be.revertedWithCustomError(history, 'InvalidSteward')
  })

  it('has epochs of an hour at least', async () => {
    const { history, steve } = await networkHelpers.loadFixture(community)
    await expect(history.createNetwork(steve, 3_599, ''))
      .to.be.revertedWithCustomError(history, 'InvalidEpochLength')
      .withArgs(3_599)
  })

  it('is unknown until it is created', async () => {
    const { history, dollar, anna, bert } = await networkHelpers.loadFixture(weighted)
    for (const [networkId, call] of [
      [2, () => history.network(2)],
      [2, () => history.setWeight(2, dollar, 1n)],
      [2, () => history.sync(2, [])],
      [2, () => history.edge(2, anna, bert)],
      [0, () => history.totals(0, anna)],
      [2, () => history.retire(2, dollar)],
      [2, () => history.capacities(2, [], [])],
      [0, () => history.receiptOf(0, anna, bert)],
      [2, () => history.connect(anna).stateFaults(2, anna, bert, 1n, '0x')],
    ] as const) {
      await expect(call()).to.be.revertedWithCustomError(history, 'UnknownNetwork').withArgs(networkId)
    }
  })
})

describe('The steward of a network', () => {
  it('offers its place, and whom it was offered takes it', async () => {
    const { history, steve, carla, dollar } = await networkHelpers.loadFixture(community)
    await expect(history.connect(steve).transferSteward(1, carla))
      .to.emit(history, 'StewardTransferStarted')
      .withArgs(1, steve, carla)
    expect((await history.network(1)).steward).to.equal(steve.address)
    await expect(history.connect(steve).acceptSteward(1))
      .to.be.revertedWithCustomError(history, 'OnlyStewardCandidate')
      .withArgs(steve, carla)
    await expect(history.connect(carla).acceptSteward(1)).to.emit(history, 'StewardChanged').withArgs(1, carla)
    await expect(history.connect(steve).setWeight(1, dollar, WEIGHT_ONE))
      .to.be.revertedWithCustomError(history, 'OnlySteward')
      .withArgs(steve, carla)
    await history.connect(carla).setWeight(1, dollar, WEIGHT_ONE)
  })
})

describe('The weight of a token', () => {
  it('is set by the steward, once', async () => {
    const { history, dollar, steve, claire } = await networkHelpers.loadFixture(community)
    expect(await history.weightOf(1, dollar)).to.equal(0n)
    await expect(history.connect(claire).setWeight(1, dollar, WEIGHT_ONE))
      .to.be.revertedWithCustomError(history, 'OnlySteward')
      .withArgs(claire, steve)
    await expect(history.connect(steve).setWeight(1, dollar, 0n)).to.be.revertedWithCustomError(
      history,
      'InvalidWeight',
    )
    await expect(history.connect(steve).setWeight(1, dollar, WEIGHT_ONE))
      .to.emit(history, 'WeightSet')
      .withArgs(1, dollar, WEIGHT_ONE)
    await expect(history.connect(steve).setWeight(1, dollar, 2n * WEIGHT_ONE))
      .to.be.revertedWithCustomError(history, 'WeightAlreadySet')
      .withArgs(1, dollar, WEIGHT_ONE)
    expect(await history.weightOf(1, dollar)).to.equal(WEIGHT_ONE)
  })

  it('counts what was settled before it was set, too', async () => {
    const world = await networkHelpers.loadFixture(community)
    const { history, dollar, steve, anna, bert, settle } = world
    await settle(anna, bert, 300n)
    await history.connect(steve).setWeight(1, dollar, WEIGHT_ONE)
    await history.sync(1, [await settle(anna, bert, 500n)])
    expect(await served(world, anna, bert)).to.equal(500n)
  })

  it('is each network’s own', async () => {
    const { history, dollar, steve, anna, bert, settle } = await networkHelpers.loadFixture(weighted)
    await history.createNetwork(steve, DAY, '')
    await history.connect(steve).setWeight(2, dollar, WEIGHT_ONE / 4n)
    const channel = await settle(anna, bert, 1_000n)
    await history.sync(1, [channel])
    await history.sync(2, [channel])
    expect((await history.edge(1, anna, bert)).served).to.equal(1_000n)
    expect((await history.edge(2, anna, bert)).served).to.equal(250n)
  })
})

describe('Retiring a token', () => {
  it('leaves what was counted, and counts nothing more', async () => {
    const world = await networkHelpers.loadFixture(weighted)
    const { history, dollar, steve, anna, bert, settle } = world
    await history.sync(1, [await settle(anna, bert, 300n)])
    const unsynced = await settle(anna, bert, 500n)
    await expect(history.connect(anna).retire(1, dollar)).to.be.revertedWithCustomError(history, 'OnlySteward')
    await expect(history.connect(steve).retire(1, dollar)).to.emit(history, 'TokenRetired').withArgs(1, dollar)
    await expect(history.sync(1, [unsynced])).not.to.emit(history, 'EdgeUpdated')
    expect(await served(world, anna, bert)).to.equal(300n)
    expect(await history.weightOf(1, dollar)).to.equal(0n)
    await expect(history.connect(steve).setWeight(1, dollar, 1n))
      .to.be.revertedWithCustomError(history, 'AlreadyRetired')
      .withArgs(1, dollar)
  })
})

describe('Receipts', () => {
  it('are recorded by anybody once both peers signed, beside what was settled', async () => {
    const world = await networkHelpers.loadFixture(weighted)
    const { history, anna, bert, carla, settle } = world
    await history.sync(1, [await settle(anna, bert, 700n)])
    await expect(history.connect(carla).record(await signedReceipt(history, anna, bert, 40n, 2n)))
      .to.emit(history, 'ReceiptRecorded')
      .withArgs(1, anna, bert, 40n, 2n)
    expect(await history.receiptOf(1, anna, bert)).to.deep.equal([40n, 2n])
    expect(await history.receiptOf(1, bert, anna)).to.deep.equal([0n, 0n])
    expect(await history.edge(1, anna, bert)).to.deep.equal([700n, 0n, 0n])
    expect(await history.totals(1, bert)).to.deep.equal([700n, 0n, 0n, 0n])
  })

  it('of a batch are skipped where one alone would be refused', async () => {
    const { history, anna, bert, carla } = await networkHelpers.loadFixture(community)
    const good = await signedReceipt(history, anna, bert, 40n)
    const forged = { ...(await signedReceipt(history, anna, carla, 40n)), providerSig: good.providerSig }
    await history.connect(carla).record(good)
    const batch = history.recordBatch([good, forged, await signedReceipt(history, bert, anna, 7n)])
    const { StaleReceipt, InvalidSignature } = Object.fromEntries(
      ['StaleReceipt', 'InvalidSignature'].map((name) => [name, history.interface.getError(name)?.selector]),
    )
    await expect(batch)
      .to.emit(history, 'ReceiptSkipped')
      .withArgs(await history.receiptHash(good.receipt), StaleReceipt)
    await expect(batch)
      .to.emit(history, 'ReceiptSkipped')
      .withArgs(await history.receiptHash(forged.receipt), InvalidSignature)
    expect(await history.receiptOf(1, bert, anna)).to.deep.equal([7n, 1n])
    expect(await history.receiptOf(1, anna, carla)).to.deep.equal([0n, 0n])
  })
})

describe('Faults', () => {
  it('take back from the consumer’s own edge, and from nothing else', async () => {
    const { history, anna, bert, settle } = await networkHelpers.loadFixture(weighted)
    await history.sync(1, [await settle(anna, bert, 700n)])
    await expect(history.connect(bert).stateFaults(1, anna, bert, 50n, '0x'))
      .to.be.revertedWithCustomError(history, 'InvalidSignature')
      .withArgs(anna)
    await expect(history.connect(anna).stateFaults(1, anna, bert, 50n, '0x'))
      .to.emit(history, 'FaultsStated')
      .withArgs(1, anna, bert, 50n)
    expect(await history.edge(1, anna, bert)).to.deep.equal([700n, 0n, 50n])
    expect(await history.totals(1, bert)).to.deep.equal([700n, 0n, 0n, 0n])
    expect(await history.totals(1, anna)).to.deep.equal([0n, 700n, 0n, 0n])
  })
})

describe('Syncing the history', () => {
  it('turns settled channels into edges and totals', async () => {
    const { history, anna, bert, carla, settle } = await networkHelpers.loadFixture(weighted)
    const channels = [await settle(anna, bert, 700n), await settle(anna, carla, 50n), await settle(bert, anna, 9n)]
    const sync = history.connect(carla).sync(1, channels)
    await expect(sync).to.emit(history, 'EdgeUpdated').withArgs(1, anna, bert, 700n)
    await expect(sync).to.emit(history, 'EdgeUpdated').withArgs(1, anna, carla, 50n)
    await expect(sync).to.emit(history, 'EdgeUpdated').withArgs(1, bert, anna, 9n)
    expect(await history.edge(1, anna, bert)).to.deep.equal([700n, 0n, 0n])
    expect(await history.totals(1, anna)).to.deep.equal([9n, 750n, 0n, 0n])
    expect(await history.totals(1, bert)).to.deep.equal([700n, 9n, 0n, 0n])
    expect(await history.totals(1, carla)).to.deep.equal([50n, 0n, 0n, 0n])
  })

  it('counts each settlement once, however often it is synced', async () => {
    const world = await networkHelpers.loadFixture(weighted)
    const { history, anna, bert, settle } = world
    const channel = await settle(anna, bert, 700n)
    await history.sync(1, [channel, channel])
    await expect(history.sync(1, [channel])).not.to.emit(history, 'EdgeUpdated')
    expect(await served(world, anna, bert)).to.equal(700n)
    await settle(anna, bert, 1_000n)
    await expect(history.sync(1, [channel]))
      .to.emit(history, 'EdgeUpdated')
      .withArgs(1, anna, bert, 1_000n)
  })

  it('loses no dust: at a third of a unit, three payments of one count one', async () => {
    const world = await networkHelpers.loadFixture(community)
    const { history, dollar, steve, anna, bert, settle } = world
    await history.connect(steve).setWeight(1, dollar, 333_333_333_333_333_334n)
    const counted: bigint[] = []
    for (let total = 1n; total <= 7n; total++) {
      await history.sync(1, [await settle(anna, bert, total)])
      counted.push(await served(world, anna, bert))
    }
    expect(counted).to.deep.equal([0n, 0n, 1n, 1n, 1n, 2n, 2n])
  })

  it('counts nothing that one pays oneself', async () => {
    const { history, anna, settle } = await networkHelpers.loadFixture(weighted)
    await expect(history.sync(1, [await settle(anna, anna, 700n)])).not.to.emit(history, 'EdgeUpdated')
    expect(await history.totals(1, anna)).to.deep.equal([0n, 0n, 0n, 0n])
  })

  it('makes no edge of a channel that its payer did not open or whose payee did not claim', async () => {
    const world = await networkHelpers.loadFixture(weighted)
    const { channels, history, dollar, anna, bert, carla } = world
    const funded = await descriptor({ payer: anna, payee: bert, token: dollar })
    await channels.connect(anna).fund(funded, 1_000n)
    const forged = await descriptor({ payer: carla, payee: bert, token: dollar })
    await expect(history.connect(bert).sync(1, [funded, forged])).not.to.emit(history, 'EdgeUpdated')
    expect(await served(world, anna, bert)).to.equal(0n)
    expect(await served(world, carla, bert)).to.equal(0n)
  })

  it('refuses a token that the network does not value', async () => {
    const { history, dollar, anna, bert, settle } = await networkHelpers.loadFixture(community)
    await expect(history.sync(1, [await settle(anna, bert, 1n)]))
      .to.be.revertedWithCustomError(history, 'NoWeight')
      .withArgs(1, dollar)
  })

  it('saturates instead of failing, so that nobody can jam a peer', async () => {
    const world = await networkHelpers.loadFixture(community)
    const { history, dollar, steve, anna, bert, carla, settle } = world
    await history.connect(steve).setWeight(1, dollar, MAX_UINT96)
    await history.sync(1, [await settle(anna, bert, 10n ** 20n)])
    await history.sync(1, [await settle(anna, bert, 10n ** 21n), await settle(carla, bert, 1n)])
    expect(await served(world, anna, bert)).to.equal(MAX_UINT96)
    expect(await served(world, carla, bert)).to.equal(MAX_UINT96 / WEIGHT_ONE)
    expect((await history.totals(1, bert)).provided).to.equal(MAX_UINT96)
  })
})

describe('Epochs', () => {
  it('keep what was served when the last one closed, until the next one closes', async () => {
    const { history, anna, bert, settle } = await networkHelpers.loadFixture(weighted)
    const start = await time.latest()
    const serve = async (day: number, total: bigint) => {
      await time.increaseTo(start + day * DAY)
      await history.sync(1, [await settle(anna, bert, total)])
      const { served, servedLastEpoch } = await history.edge(1, anna, bert)
      expect(await history.totals(1, bert)).to.deep.equal([served, 0n, servedLastEpoch, 0n])
      expect(await history.totals(1, anna)).to.deep.equal([0n, served, 0n, servedLastEpoch])
      return { served, servedLastEpoch }
    }
    expect(await serve(0.1, 100n)).to.deep.equal({ served: 100n, servedLastEpoch: 0n })
    expect(await serve(0.5, 150n)).to.deep.equal({ served: 150n, servedLastEpoch: 0n })
    expect(await serve(1.1, 400n)).to.deep.equal({ served: 400n, servedLastEpoch: 150n })
    expect(await serve(1.5, 500n)).to.deep.equal({ served: 500n, servedLastEpoch: 150n })
    expect(await serve(5.1, 501n)).to.deep.equal({ served: 501n, servedLastEpoch: 500n })
    // Without anything new, the last epoch catches up by itself.
    await time.increaseTo(start + 6.1 * DAY)
    expect((await history.edge(1, anna, bert)).servedLastEpoch).to.equal(501n)
    expect(await history.totals(1, anna)).to.deep.equal([0n, 501n, 0n, 501n])
  })
})
