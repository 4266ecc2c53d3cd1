import { expect } from 'chai'
import { id, Signature, type Signer, TypedDataEncoder, toBeHex, Wallet, ZeroAddress } from 'ethers'
import { network } from 'hardhat'
import {
  accounts,
  type Channel,
  type Claim,
  createCurrency,
  deployContracts,
  descriptor,
  domainOf,
  EXIT_DELAY,
  MAX_UINT96,
  tickChain,
  VOUCHER_TYPES,
  voucher,
} from '../../support/contracts.ts'

const { ethers, networkHelpers } = await network.create()
const { time } = networkHelpers

const DAY = 86_400

const CHANNEL_TYPES = {
  Channel: [
    { name: 'payer', type: 'address' },
    { name: 'payee', type: 'address' },
    { name: 'token', type: 'address' },
    { name: 'signer', type: 'address' },
    { name: 'exitDelay', type: 'uint40' },
    { name: 'flags', type: 'uint8' },
    { name: 'salt', type: 'bytes32' },
  ],
}

/** Dave buys from Susan in Claire's dollars; his agent signs with a hot key that owns nothing. Eve has no part in it. */
async function market() {
  const { claire, dave, susan, eve } = await accounts(ethers, 'claire', 'dave', 'susan', 'eve')
  const agent = new Wallet(id('agent'), ethers.provider)
  const contracts = await deployContracts(ethers)
  const dollar = await createCurrency(ethers, contracts, claire)
  await dollar.mint(dave, 1_000_000n)
  await dollar.mint(eve, 1_000_000n)
  const channel = await descriptor({ payer: dave, payee: susan, token: dollar }, { signer: agent.address })
  const channelId = await contracts.channels.channelId(channel)
  return { ...contracts, dollar, claire, dave, susan, eve, agent, channel, channelId }
}

/** The same with the channel open and 1,000 deposited. */
async function openChannel() {
  const world = await market()
  await world.channels.connect(world.dave).fund(world.channel, 1_000n)
  const owes = (total: bigint, ticks?: Parameters<typeof voucher>[4]) =>
    voucher(world.channels, world.agent, world.channel, total, ticks)
  return { ...world, owes }
}

type World = Awaited<ReturnType<typeof market>>

async function stateOf({ channels, channelId }: World) {
  const { claimed, deposit, exitAt, opened } = await channels.state(channelId)
  return { claimed, deposit, exitAt, opened }
}

describe('A payment channel, from the first deposit to the last withdrawal', () => {
  it('pays the payee what was signed and gives the payer the rest back', async () => {
    const world = await networkHelpers.loadFixture(market)
    const { channels, dollar, dave, susan, eve, agent, channel, channelId } = world

    const opening = channels.connect(dave).fund(channel, 1_000n)
    await expect(opening)
      .to.emit(channels, 'ChannelOpened')
      .withArgs(channelId, dave, susan, dollar, agent.address, EXIT_DELAY, 0, channel.salt)
    await expect(opening).to.emit(channels, 'Funded').withArgs(channelId, 1_000n, 1_000n)
    expect(await dollar.balanceOf(channels)).to.equal(1_000n)

    // The agent pays off chain. Susan's watchtower presents what she has, and later the last of it.
    const chain = tickChain(100)
    const early = await voucher(channels, agent, channel, 200n, { chain, amount: 3n, shown: 10 })
    const last = await voucher(channels, agent, channel, 200n, { chain, amount: 3n, shown: 100 })
    await expect(channels.connect(eve).claim(early))
      .to.emit(channels, 'Claimed')
      .withArgs(channelId, dave, susan, dollar, 230n, 230n)

    const requested = await channels.connect(dave).requestExit(channel)
    const exitAt = BigInt((await requested.getBlock())?.timestamp ?? 0) + EXIT_DELAY
    await expect(requested).to.emit(channels, 'ExitRequested').withArgs(channelId, dave, susan, exitAt)
    expect(await stateOf(world)).to.deep.equal({ claimed: 230n, deposit: 770n, exitAt, opened: true })

    await time.setNextBlockTimestamp(exitAt - 1n)
    await expect(channels.connect(eve).claim(last))
      .to.emit(channels, 'Claimed')
      .withArgs(channelId, dave, susan, dollar, 270n, 500n)
    await expect(channels.connect(eve).exit(channel)).to.emit(channels, 'Exited').withArgs(channelId, 500n)
    expect(await stateOf(world)).to.deep.equal({ claimed: 500n, deposit: 0n, exitAt: 0n, opened: true })

    expect(await channels.balanceOf(susan, dollar)).to.equal(500n)
    expect(await channels.balanceOf(dave, dollar)).to.equal(500n)
    await expect(channels.connect(susan).withdraw(dollar, 500n, eve))
      .to.emit(channels, 'Withdrawn')
      .withArgs(susan, dollar, 500n, eve)
    await channels.connect(dave).withdraw(dollar, 500n, dave)
    expect(await dollar.balanceOf(eve)).to.equal(1_000_500n)
    expect(await dollar.balanceOf(dave)).to.equal(999_500n)
    expect(await dollar.balanceOf(channels)).to.equal(0n)
  })

  it('is filled and claimed again under the same id, on top of what was claimed', async () => {
    const world = await networkHelpers.loadFixture(openChannel)
    const { channels, dave, channel, owes } = world
    await channels.claim(await owes(400n))
    await channels.connect(dave).requestExit(channel)
    await time.increase(EXIT_DELAY)
    await channels.exit(channel)
    await expect(channels.connect(dave).fund(channel, 50n)).not.to.emit(channels, 'ChannelOpened')
    await channels.claim(await owes(430n))
    expect(await stateOf(world)).to.deep.equal({ claimed: 430n, deposit: 20n, exitAt: 0n, opened: true })
  })
})

describe('The id of a channel', () => {
  it('is the EIP-712 hash of its descriptor under the contract’s domain', async () => {
    const { channels, channel, channelId } = await networkHelpers.loadFixture(market)
    const domain = await domainOf(channels)
    expect(domain).to.deep.equal({
      name: 'Scrip Payment Channels',
      version: '1',
      chainId: (await ethers.provider.getNetwork()).chainId,
      verifyingContract: await channels.getAddress(),
    })
    expect(channelId).to.equal(TypedDataEncoder.hash(domain, CHANNEL_TYPES, channel))
  })

  it('differs in every field, and between contracts', async () => {
    const { channels, channel, channelId, eve } = await networkHelpers.loadFixture(market)
    const changes: Partial<Channel>[] = [
      { payer: eve.address },
      { payee: eve.address },
      { token: eve.address },
      { signer: eve.address },
      { exitDelay: EXIT_DELAY + 1n },
      { flags: 1 },
      { salt: id('another') },
    ]
    const ids = await Promise.all(changes.map((change) => channels.channelId({ ...channel, ...change })))
    const elsewhere = await ethers.deployContract('PaymentChannels')
    expect(new Set([channelId, await elsewhere.channelId(channel), ...ids])).to.have.property('size', 9)
  })
})

describe('Opening and funding', () => {
  it('is refused without an amount', async () => {
    const { channels, dave, channel } = await networkHelpers.loadFixture(market)
    await expect(channels.connect(dave).fund(channel, 0n)).to.be.revertedWithCustomError(channels, 'ZeroAmount')
  })

  it('is refused to anybody but the payer: nobody owes what it did not sign or send', async () => {
    const world = await networkHelpers.loadFixture(market)
    const { channels, dave, susan, eve, channel } = world
    for (const other of [susan, eve]) {
      await expect(channels.connect(other).fund(channel, 1n))
        .to.be.revertedWithCustomError(channels, 'OnlyPayer')
        .withArgs(other, dave)
    }
    expect((await stateOf(world)).opened).to.equal(false)
  })

  for (const [wrong, change, error, args] of [
    ['a payee that is nobody', { payee: ZeroAddress }, 'InvalidPayee', []],
    ['a signer that is nobody', { signer: ZeroAddress }, 'InvalidSigner', []],
    ['a token that is no contract', { token: Wallet.createRandom().address }, 'InvalidToken', undefined],
    ['an exit in less than 15 minutes', { exitDelay: 899 }, 'InvalidExitDelay', [899]],
    ['an exit after more than 30 days', { exitDelay: 30 * DAY + 1 }, 'InvalidExitDelay', [30 * DAY + 1]],
    ['a flag without a meaning', { flags: 2 }, 'InvalidFlags', [2]],
  ] as const) {
    it(`is refused with ${wrong}`, async () => {
      const { channels, dave, channel } = await networkHelpers.loadFixture(market)
      const wrongChannel = { ...channel, ...change }
      await expect(channels.connect(dave).fund(wrongChannel, 1n))
        .to.be.revertedWithCustomError(channels, error)
        .withArgs(...(args ?? [wrongChannel.token]))
    })
  }

  it('is refused in a token that keeps a part of what it moves', async () => {
    const { channels, dave, channel } = await networkHelpers.loadFixture(market)
    const token = await ethers.deployContract('HostileToken')
    await token.getFunction('mint')(dave, 1_000n)
    await token.getFunction('setMood')(1)
    await expect(channels.connect(dave).fund({ ...channel, token: await token.getAddress() }, 1_000n))
      .to.be.revertedWithCustomError(channels, 'InexactTransfer')
      .withArgs(token, 1_000n, 990n)
  })

  it('takes a top-up from anyone, out of that one’s pocket', async () => {
    const { channels, dollar, dave, eve, channel, channelId } = await networkHelpers.loadFixture(openChannel)
    await expect(channels.connect(eve).fund(channel, 250n))
      .to.emit(channels, 'Funded')
      .withArgs(channelId, 250n, 1_250n)
    expect(await dollar.balanceOf(eve)).to.equal(999_750n)
    expect(await dollar.balanceOf(dave)).to.equal(999_000n)
  })

  it('is refused while the payer is leaving, also when it could have left', async () => {
    const { channels, dave, channel, channelId } = await networkHelpers.loadFixture(openChannel)
    await channels.connect(dave).requestExit(channel)
    const { exitAt } = await channels.state(channelId)
    for (const wait of [1n, 2n * EXIT_DELAY]) {
      await time.increase(wait)
      await expect(channels.connect(dave).fund(channel, 1n))
        .to.be.revertedWithCustomError(channels, 'ChannelExiting')
        .withArgs(channelId, exitAt)
    }
  })

  it('needs an approval in any other ERC-20', async () => {
    const { channels, dave, susan } = await networkHelpers.loadFixture(market)
    const token = await ethers.deployContract('PlainToken', dave)
    await token.getFunction('mint')(dave, 100n)
    const channel = await descriptor({ payer: dave, payee: susan, token })
    await expect(channels.connect(dave).fund(channel, 100n))
      .to.be.revertedWithCustomError(token, 'ERC20InsufficientAllowance')
      .withArgs(channels, 0n, 100n)
    await token.getFunction('approve')(channels, 100n)
    await channels.connect(dave).fund(channel, 100n)
    expect((await channels.state(await channels.channelId(channel))).deposit).to.equal(100n)
  })
})

describe('Claiming', () => {
  it('pays what the deposit covers, and the rest when there is more', async () => {
    const world = await networkHelpers.loadFixture(openChannel)
    const { channels, dollar, dave, susan, channel, channelId, owes } = world
    const claim = await owes(1_300n)
    expect(await channels.claim.staticCall(claim)).to.equal(1_000n)
    await channels.claim(claim)
    await expect(channels.claim(claim))
      .to.be.revertedWithCustomError(channels, 'DepositSpent')
      .withArgs(channelId, 300n)
    await channels.connect(dave).fund(channel, 5_000n)
    await expect(channels.claim(claim))
      .to.emit(channels, 'Claimed')
      .withArgs(channelId, dave, susan, dollar, 300n, 1_300n)
    expect(await stateOf(world)).to.include({ claimed: 1_300n, deposit: 4_700n })
  })

  it('pays nothing twice', async () => {
    const { channels, channelId, owes } = await networkHelpers.loadFixture(openChannel)
    const [older, best] = [await owes(300n), await owes(700n)]
    await channels.claim(best)
    for (const claim of [best, older]) {
      await expect(channels.claim(claim))
        .to.be.revertedWithCustomError(channels, 'NothingToClaim')
        .withArgs(channelId, 700n)
    }
  })

  it('ends the same in any order', async () => {
    const world = await networkHelpers.loadFixture(openChannel)
    const { channels, owes } = world
    const rising = await Promise.all([100n, 250n, 600n].map((total) => owes(total)))
    for (const order of [[0, 1, 2], [2, 1, 0], [1, 2, 0, 1], [2]]) {
      const snapshot = await networkHelpers.takeSnapshot()
      let best = -1
      for (const i of order) {
        const claim = channels.claim(rising[i] as Claim)
        if (i > best) await claim
        else await expect(claim).to.be.revertedWithCustomError(channels, 'NothingToClaim')
        best = Math.max(best, i)
      }
      expect(await stateOf(world)).to.include({ claimed: 600n, deposit: 400n })
      await snapshot.restore()
    }
  })

  it('takes several vouchers in one transaction', async () => {
    const { channels, dave, susan, dollar, owes } = await networkHelpers.loadFixture(openChannel)
    const other = await descriptor({ payer: dave, payee: susan, token: dollar }, { salt: id('other') })
    await channels.connect(dave).fund(other, 500n)
    const claims = [await owes(10n), await voucher(channels, dave, other, 20n)]
    await channels.multicall(claims.map((claim) => channels.interface.encodeFunctionData('claim', [claim])))
    expect(await channels.balanceOf(susan, dollar)).to.equal(30n)
  })

  it('is refused on a channel that its payer never opened', async () => {
    const { channels, agent, channel, channelId } = await networkHelpers.loadFixture(market)
    await expect(channels.claim(await voucher(channels, agent, channel, 1n)))
      .to.be.revertedWithCustomError(channels, 'UnknownChannel')
      .withArgs(channelId)
  })

  describe('with a voucher that was not signed for it', () => {
    /** Presents a voucher that says the right thing under another key or domain. */
    async function refuses(world: World, signer: Signer, change: Parameters<Signer['signTypedData']>[0] = {}) {
      const { channels, channel, channelId } = world
      const claim = await voucher(channels, world.agent, channel, 1n)
      const message = { ...claim, channelId }
      const domain = { ...(await domainOf(channels)), ...change }
      const { r, yParityAndS: vs } = Signature.from(await signer.signTypedData(domain, VOUCHER_TYPES, message))
      await expect(channels.claim({ ...claim, r, vs }))
        .to.be.revertedWithCustomError(channels, 'InvalidVoucher')
        .withArgs(channelId)
    }

    it('is refused: another key, the payer’s own included', async () => {
      const world = await networkHelpers.loadFixture(openChannel)
      await refuses(world, world.eve)
      await refuses(world, world.dave)
    })

    it('is refused: another chain', async () => {
      const world = await networkHelpers.loadFixture(openChannel)
      await refuses(world, world.agent, { chainId: 1n })
    })

    it('is refused: another contract', async () => {
      const world = await networkHelpers.loadFixture(openChannel)
      await refuses(world, world.agent, { verifyingContract: await world.history.getAddress() })
    })

    it('is refused: another channel', async () => {
      const { channels, dave, agent, channel, channelId } = await networkHelpers.loadFixture(openChannel)
      const other = { ...channel, salt: id('other') }
      await channels.connect(dave).fund(other, 1_000n)
      await expect(channels.claim({ ...(await voucher(channels, agent, other, 1n)), channel }))
        .to.be.revertedWithCustomError(channels, 'InvalidVoucher')
        .withArgs(channelId)
    })

    it('is refused: the twin of its signature, whose s is high', async () => {
      const { channels, channelId, owes } = await networkHelpers.loadFixture(openChannel)
      const claim = await owes(1n)
      const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
      const high = order - (BigInt(claim.vs.toString()) & (2n ** 255n - 1n))
      for (const vs of [high, high & (2n ** 255n - 1n), high | (2n ** 255n)]) {
        await expect(channels.claim({ ...claim, vs: toBeHex(vs, 32) }))
          .to.be.revertedWithCustomError(channels, 'InvalidVoucher')
          .withArgs(channelId)
      }
    })
  })

  describe('with ticks', () => {
    const chain = tickChain(64)

    it('pays the signed total and each tick shown', async () => {
      const { channels, dollar, susan, owes } = await networkHelpers.loadFixture(openChannel)
      for (const [shown, worth] of [
        [0, 100n],
        [1, 105n],
        [9, 145n],
        [64, 420n],
      ] as const) {
        await channels.claim(await owes(100n, { chain, amount: 5n, shown }))
        expect(await channels.balanceOf(susan, dollar)).to.equal(worth)
      }
    })

    it('refuses more of them than the voucher allows', async () => {
      const { channels, owes } = await networkHelpers.loadFixture(openChannel)
      const claim = await owes(100n, { chain, amount: 5n, shown: 64 })
      await expect(channels.claim({ ...claim, ticks: 65 }))
        .to.be.revertedWithCustomError(channels, 'TooManyTicks')
        .withArgs(65, 64)
    })

    it('refuses a voucher that allows more than 1,024', async () => {
      const { channels, dollar, susan, owes } = await networkHelpers.loadFixture(openChannel)
      await channels.claim(await owes(0n, { chain: tickChain(1_024), amount: 1n, shown: 999 }))
      expect(await channels.balanceOf(susan, dollar)).to.equal(999n)
      const claim = await owes(999n, { chain: tickChain(1_025), amount: 1n, shown: 1 })
      await expect(channels.claim(claim)).to.be.revertedWithCustomError(channels, 'TooManyTicks').withArgs(1, 1_025)
    })

    it('refuses a preimage that leads elsewhere, one of another voucher included', async () => {
      const { channels, channelId, owes } = await networkHelpers.loadFixture(openChannel)
      const claim = await owes(100n, { chain, amount: 5n, shown: 10 })
      const wrong = [chain[9], chain[11], id('guess'), tickChain(64, id('next seed'))[10]] as string[]
      for (const preimage of wrong) {
        await expect(channels.claim({ ...claim, preimage }))
          .to.be.revertedWithCustomError(channels, 'InvalidTick')
          .withArgs(channelId)
      }
    })

    it('refuses a sum of more than 96 bits', async () => {
      const { channels, owes } = await networkHelpers.loadFixture(openChannel)
      const claim = await owes(MAX_UINT96, { chain, amount: 1n, shown: 1 })
      await expect(channels.claim(claim))
        .to.be.revertedWithCustomError(channels, 'TotalTooLarge')
        .withArgs(2n ** 96n)
    })
  })
})

describe('Leaving a channel', () => {
  it('is the payer’s to ask for, once', async () => {
    const { channels, dave, susan, channel, channelId } = await networkHelpers.loadFixture(openChannel)
    await expect(channels.connect(susan).requestExit(channel))
      .to.be.revertedWithCustomError(channels, 'OnlyPayer')
      .withArgs(susan, dave)
    await channels.connect(dave).requestExit(channel)
    const { exitAt } = await channels.state(channelId)
    await expect(channels.connect(dave).requestExit(channel))
      .to.be.revertedWithCustomError(channels, 'ChannelExiting')
      .withArgs(channelId, exitAt)
  })

  it('is refused on a channel that was never opened', async () => {
    const { channels, dave, channel, channelId } = await networkHelpers.loadFixture(market)
    await expect(channels.connect(dave).requestExit(channel))
      .to.be.revertedWithCustomError(channels, 'UnknownChannel')
      .withArgs(channelId)
  })

  it('happens on request only, and not a second early', async () => {
    const { channels, dave, channel, channelId } = await networkHelpers.loadFixture(openChannel)
    await expect(channels.connect(dave).exit(channel))
      .to.be.revertedWithCustomError(channels, 'ExitNotRequested')
      .withArgs(channelId)
    await channels.connect(dave).requestExit(channel)
    const { exitAt } = await channels.state(channelId)
    await time.setNextBlockTimestamp(exitAt - 1n)
    await expect(channels.connect(dave).exit(channel))
      .to.be.revertedWithCustomError(channels, 'ExitNotDue')
      .withArgs(channelId, exitAt)
    await time.setNextBlockTimestamp(exitAt)
    await channels.connect(dave).exit(channel)
    await expect(channels.connect(dave).exit(channel)).to.be.revertedWithCustomError(channels, 'ExitNotRequested')
  })

  it('does not stop a claim until it has happened', async () => {
    const { channels, dollar, dave, susan, channel, channelId, owes } = await networkHelpers.loadFixture(openChannel)
    await channels.connect(dave).requestExit(channel)
    await time.increase(10n * EXIT_DELAY)
    await channels.claim(await owes(900n))
    expect(await channels.balanceOf(susan, dollar)).to.equal(900n)
    await channels.exit(channel)
    expect(await channels.balanceOf(dave, dollar)).to.equal(100n)
    await expect(channels.claim(await owes(950n)))
      .to.be.revertedWithCustomError(channels, 'DepositSpent')
      .withArgs(channelId, 50n)
  })
})

describe('Withdrawing', () => {
  async function paidSusan() {
    const world = await openChannel()
    await world.channels.claim(await world.owes(600n))
    return world
  }

  it('is refused without an amount', async () => {
    const { channels, dollar, susan } = await networkHelpers.loadFixture(paidSusan)
    await expect(channels.connect(susan).withdraw(dollar, 0n, susan)).to.be.revertedWithCustomError(
      channels,
      'ZeroAmount',
    )
  })

  it('is refused to where the tokens would be lost', async () => {
    const { channels, dollar, susan } = await networkHelpers.loadFixture(paidSusan)
    for (const nowhere of [ZeroAddress, await channels.getAddress()]) {
      await expect(channels.connect(susan).withdraw(dollar, 1n, nowhere))
        .to.be.revertedWithCustomError(channels, 'InvalidRecipient')
        .withArgs(nowhere)
    }
  })

  it('is refused beyond one’s own balance in that token', async () => {
    const { channels, dollar, susan, eve } = await networkHelpers.loadFixture(paidSusan)
    const other = await ethers.deployContract('PlainToken')
    for (const [caller, token, balance] of [
      [susan, dollar, 600n],
      [susan, other, 0n],
      [eve, dollar, 0n],
    ] as const) {
      await expect(channels.connect(caller).withdraw(token, balance + 1n, caller))
        .to.be.revertedWithCustomError(channels, 'InsufficientBalance')
        .withArgs(caller, token, balance, balance + 1n)
    }
  })

  it('sends a part or all of it', async () => {
    const { channels, dollar, susan } = await networkHelpers.loadFixture(paidSusan)
    await channels.connect(susan).withdraw(dollar, 250n, susan)
    expect(await channels.balanceOf(susan, dollar)).to.equal(350n)
    await channels.connect(susan).withdraw(dollar, 350n, susan)
    expect(await dollar.balanceOf(susan)).to.equal(600n)
    expect(await dollar.balanceOf(channels)).to.equal(400n)
  })
})
