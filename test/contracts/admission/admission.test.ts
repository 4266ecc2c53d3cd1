import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/types'
import { expect } from 'chai'
import { AbiCoder, ZeroAddress } from 'ethers'
import { network } from 'hardhat'
import { accounts, createCurrency, deployContracts, descriptor, voucher, WEIGHT_ONE } from '../../support/contracts.ts'

const { ethers, networkHelpers } = await network.create()
const { time } = networkHelpers

const DAY = 86_400n

/** To be admitted a peer provides what it consumed beyond 1,000; to stay, half of that. Admissions last a week. */
const TERMS = {
  admitRatio: WEIGHT_ONE,
  keepRatio: WEIGHT_ONE / 2n,
  allowance: 1_000n,
  admissionPeriod: 7n * DAY,
  budget: 2_000n,
  claimPolicy: ZeroAddress,
}

/** Steve's network values Claire's dollars and admits by ratio. Fred consumes, Bert serves. */
async function community() {
  const { claire, steve, fred, bert } = await accounts(ethers, 'claire', 'steve', 'fred', 'bert')
  const contracts = await deployContracts(ethers)
  const { channels, history, controller, ratioPolicy } = contracts
  const dollar = await createCurrency(ethers, contracts, claire)
  await dollar.mint(fred, 10n ** 12n)
  await dollar.mint(bert, 10n ** 12n)
  await history.createNetwork(steve, DAY, '')
  await history.connect(steve).setWeight(1, dollar, WEIGHT_ONE)
  await ratioPolicy.connect(steve).setTerms(1, TERMS)
  await controller.connect(steve).setPolicy(1, ratioPolicy)
  // Fred is a newcomer of this epoch; Bert claims nothing.
  await ratioPolicy.connect(fred).claimAllowance(1, '0x')

  /** `provider` serves `consumer` for so much more: paid, settled and synced. */
  async function serve(provider: HardhatEthersSigner, consumer: HardhatEthersSigner, amount: bigint) {
    const channel = await descriptor({ payer: consumer, payee: provider, token: dollar })
    const { claimed } = await channels.state(await channels.channelId(channel))
    await channels.connect(consumer).fund(channel, amount)
    await channels.claim(await voucher(channels, consumer, channel, claimed + amount))
    await history.sync(1, [channel])
  }
  return { ...contracts, dollar, claire, steve, fred, bert, serve }
}

describe('Admission by ratio', () => {
  it('serves a free rider up to the allowance, refuses it, and admits it again when it has served', async () => {
    const { controller, ratioPolicy, fred, bert, serve } = await networkHelpers.loadFixture(community)
    expect(await ratioPolicy.headroom(1, fred)).to.equal(1_000n)
    await controller.admit(1, fred, '0x')

    await serve(bert, fred, 1_000n)
    expect((await ratioPolicy.canAdmit(1, fred, '0x')).ok).to.equal(true)
    expect(await ratioPolicy.headroom(1, fred)).to.equal(0n)

    await serve(bert, fred, 400n)
    expect(await ratioPolicy.canExpel(1, fred, '0x')).to.equal(true)
    await controller.expel(1, fred, '0x')
    await expect(controller.admit(1, fred, '0x'))
      .to.be.revertedWithCustomError(controller, 'NotEligible')
      .withArgs(1, fred)
    expect(await ratioPolicy.shortfall(1, fred)).to.equal(400n)

    await serve(fred, bert, 399n)
    expect(await ratioPolicy.shortfall(1, fred)).to.equal(1n)
    await expect(controller.admit(1, fred, '0x')).to.be.revertedWithCustomError(controller, 'NotEligible')
    await serve(fred, bert, 1n)
    await expect(controller.connect(bert).admit(1, fred, '0x')).to.emit(controller, 'Admitted')
    expect((await controller.admission(1, fred)).admitted).to.equal(true)
  })

  it('does not throw a peer in and out at the edge', async () => {
    const { controller, ratioPolicy, fred, bert, serve } = await networkHelpers.loadFixture(community)
    await controller.admit(1, fred, '0x')
    await serve(bert, fred, 1_200n)
    await serve(fred, bert, 100n)
    // Half of the 200 beyond the allowance: too little to be admitted, enough to stay.
    expect(await ratioPolicy.canAdmit(1, fred, '0x')).to.deep.equal([false, 0n])
    await expect(controller.expel(1, fred, '0x'))
      .to.be.revertedWithCustomError(controller, 'StillEligible')
      .withArgs(1, fred)
    await serve(bert, fred, 1n)
    await expect(controller.expel(1, fred, '0x'))
      .to.emit(controller, 'Expelled')
      .withArgs(1, fred)
  })

  it('tells exactly how much more a peer may consume', async () => {
    const { ratioPolicy, fred, bert, serve } = await networkHelpers.loadFixture(community)
    await serve(fred, bert, 250n)
    expect(await ratioPolicy.headroom(1, fred)).to.equal(1_250n)
    await serve(bert, fred, 1_250n)
    expect((await ratioPolicy.canAdmit(1, fred, '0x')).ok).to.equal(true)
    await serve(bert, fred, 1n)
    expect((await ratioPolicy.canAdmit(1, fred, '0x')).ok).to.equal(false)
    expect(await ratioPolicy.headroom(1, fred)).to.equal(0n)
  })

  it('admits until one period from now', async () => {
    const { ratioPolicy, fred } = await networkHelpers.loadFixture(community)
    const { ok, validUntil } = await ratioPolicy.canAdmit(1, fred, '0x')
    expect(ok).to.equal(true)
    expect(validUntil).to.equal(BigInt(await time.latest()) + 7n * DAY)
  })
})

describe('Newcomers', () => {
  it('share the budget of an epoch, and have an allowance of their own after it', async () => {
    const { ratioPolicy, controller, fred, bert, claire, serve } = await networkHelpers.loadFixture(community)
    expect(await ratioPolicy.budgetLeft(1)).to.equal(1_000n)
    await expect(controller.admit(1, claire, '0x')).to.be.revertedWithCustomError(controller, 'NotEligible')
    await expect(ratioPolicy.connect(claire).claimAllowance(1, '0x'))
      .to.emit(ratioPolicy, 'AllowanceClaimed')
      .withArgs(1, claire, 1, 1_000n, 0n)
    await controller.admit(1, claire, '0x')
    await expect(ratioPolicy.connect(bert).claimAllowance(1, '0x'))
      .to.be.revertedWithCustomError(ratioPolicy, 'BudgetSpent')
      .withArgs(1, 1, 0n)
    await expect(ratioPolicy.connect(fred).claimAllowance(1, '0x'))
      .to.be.revertedWithCustomError(ratioPolicy, 'AlreadyClaimed')
      .withArgs(1, fred)
    // Who provides needs none.
    await serve(bert, fred, 10n)
    await controller.admit(1, bert, '0x')
    await time.increase(DAY)
    await ratioPolicy.connect(bert).claimAllowance(1, '0x')
    expect(await ratioPolicy.headroom(1, bert)).to.equal(1_010n)
  })

  it('have a stake locked for the epoch where the steward asks for one', async () => {
    const { ratioPolicy, bondPolicy, dollar, steve, fred, bert } = await networkHelpers.loadFixture(community)
    await bondPolicy.connect(steve).setTerms(1, { token: dollar, amount: 500n, admissionPeriod: 7n * DAY })
    await ratioPolicy.connect(steve).setTerms(1, { ...TERMS, claimPolicy: bondPolicy })
    const now = BigInt(await time.latest())
    await expect(ratioPolicy.connect(bert).claimAllowance(1, '0x')).to.be.revertedWithCustomError(
      ratioPolicy,
      'ClaimRefused',
    )
    await dollar.connect(bert).approve(bondPolicy, 500n)
    await bondPolicy.connect(bert).fundBond(1, dollar, 500n, now + 2n * DAY)
    await ratioPolicy.connect(bert).claimAllowance(1, '0x')
    await expect(bondPolicy.connect(bert).withdrawBond(1, dollar, 500n, bert))
      .to.be.revertedWithCustomError(bondPolicy, 'BondLocked')
      .withArgs(1, bert, dollar, now + 2n * DAY)
    // It is the stake of the network that it was locked for, and of its owner.
    await expect(bondPolicy.connect(fred).withdrawBond(1, dollar, 500n, fred)).to.be.revertedWithCustomError(
      bondPolicy,
      'InsufficientBond',
    )
    await time.increase(2n * DAY)
    await expect(bondPolicy.connect(bert).withdrawBond(1, dollar, 500n, bert)).to.changeTokenBalances(
      ethers,
      dollar,
      [bondPolicy, bert],
      [-500n, 500n],
    )
  })
})

describe('Several policies', () => {
  const proofs = (...each: string[]) => AbiCoder.defaultAbiCoder().encode(['bytes[]'], [each])

  it('admit together, and each alone expels', async () => {
    const { controller, ratioPolicy, bondPolicy, allOfPolicy, dollar, steve, fred, bert, serve } =
      await networkHelpers.loadFixture(community)
    await bondPolicy.connect(steve).setTerms(1, { token: dollar, amount: 500n, admissionPeriod: 90n * DAY })
    await expect(allOfPolicy.connect(steve).setChildren(1, [allOfPolicy]))
      .to.be.revertedWithCustomError(allOfPolicy, 'ContainsItself')
      .withArgs(1)
    await allOfPolicy.connect(steve).setChildren(1, [ratioPolicy, bondPolicy])
    await controller.connect(steve).setPolicy(1, allOfPolicy)
    await expect(controller.admit(1, fred, proofs('0x', '0x'))).to.be.revertedWithCustomError(controller, 'NotEligible')
    await dollar.connect(fred).approve(bondPolicy, 500n)
    const lockedUntil = BigInt(await time.latest()) + 3n * DAY
    await bondPolicy.connect(fred).fundBond(1, dollar, 500n, lockedUntil)
    await expect(controller.admit(1, fred, '0x'))
      .to.be.revertedWithCustomError(allOfPolicy, 'ProofCountMismatch')
      .withArgs(0, 2)
    // The bond's lock ends before the ratio's week.
    await expect(controller.admit(1, fred, proofs('0x', '0x')))
      .to.emit(controller, 'Admitted')
      .withArgs(1, fred, lockedUntil)
    await serve(bert, fred, 5_000n)
    await expect(controller.connect(bert).expel(1, fred, proofs('0x', '0x')))
      .to.emit(controller, 'Expelled')
      .withArgs(1, fred)
  })

  it('admit each alone, and expel together', async () => {
    const { controller, ratioPolicy, bondPolicy, anyOfPolicy, dollar, steve, fred, bert, serve } =
      await networkHelpers.loadFixture(community)
    await bondPolicy.connect(steve).setTerms(1, { token: dollar, amount: 500n, admissionPeriod: 90n * DAY })
    await anyOfPolicy.connect(steve).setChildren(1, [ratioPolicy, bondPolicy])
    await controller.connect(steve).setPolicy(1, anyOfPolicy)
    await dollar.connect(fred).approve(bondPolicy, 500n)
    const lockedUntil = BigInt(await time.latest()) + 30n * DAY
    await bondPolicy.connect(fred).fundBond(1, dollar, 500n, lockedUntil)
    await controller.admit(1, fred, proofs('0x', '0x'))
    expect((await controller.admission(1, fred)).validUntil).to.equal(lockedUntil)
    await serve(bert, fred, 5_000n)
    await expect(controller.expel(1, fred, proofs('0x', '0x'))).to.be.revertedWithCustomError(
      controller,
      'StillEligible',
    )
    await bondPolicy.connect(steve).setTerms(1, { token: dollar, amount: 501n, admissionPeriod: 90n * DAY })
    await expect(controller.expel(1, fred, proofs('0x', '0x'))).to.emit(controller, 'Expelled')
  })
})

describe('The terms of the ratio', () => {
  it('are the steward’s', async () => {
    const { ratioPolicy, steve, fred } = await networkHelpers.loadFixture(community)
    const terms = { ...TERMS, admitRatio: 3n, keepRatio: 2n, allowance: 1n, admissionPeriod: 60n }
    await expect(ratioPolicy.connect(fred).setTerms(1, terms))
      .to.be.revertedWithCustomError(ratioPolicy, 'OnlySteward')
      .withArgs(fred, steve)
    await expect(ratioPolicy.connect(steve).setTerms(1, terms))
      .to.emit(ratioPolicy, 'TermsSet')
      .withArgs(1, [3n, 2n, 1n, 60n, 2_000n, ZeroAddress])
    expect(await ratioPolicy.termsOf(1)).to.deep.equal([3n, 2n, 1n, 60n, 2_000n, ZeroAddress])
  })

  for (const [wrong, change, error] of [
    ['nothing to provide', { admitRatio: 0n, keepRatio: 0n }, 'InvalidRatios'],
    ['nothing to keep', { keepRatio: 0n }, 'InvalidRatios'],
    ['more to keep than to be admitted', { keepRatio: WEIGHT_ONE + 1n }, 'InvalidRatios'],
    ['admissions that last no time', { admissionPeriod: 0n }, 'InvalidAdmissionPeriod'],
    ['a budget that holds no allowance', { budget: 999n }, 'InvalidBudget'],
    ['a budget for no allowance', { allowance: 0n }, 'InvalidBudget'],
    ['claims by nobody’s policy', { claimPolicy: `0x${'11'.repeat(20)}` }, 'InvalidClaimPolicy'],
  ] as const) {
    it(`cannot be ${wrong}`, async () => {
      const { ratioPolicy, steve } = await networkHelpers.loadFixture(community)
      await expect(ratioPolicy.connect(steve).setTerms(1, { ...TERMS, ...change })).to.be.revertedWithCustomError(
        ratioPolicy,
        error,
      )
    })
  }

  it('may ask as much to stay as to be admitted', async () => {
    const { ratioPolicy, steve } = await networkHelpers.loadFixture(community)
    await ratioPolicy.connect(steve).setTerms(1, { ...TERMS, keepRatio: TERMS.admitRatio })
    expect((await ratioPolicy.termsOf(1)).keepRatio).to.equal(TERMS.admitRatio)
  })

  it('must be set: without them nobody is admitted and nobody expelled', async () => {
    const { history, ratioPolicy, controller, steve, fred } = await networkHelpers.loadFixture(community)
    await history.createNetwork(steve, DAY, '')
    await controller.connect(steve).setPolicy(2, ratioPolicy)
    expect(await ratioPolicy.canAdmit(2, fred, '0x')).to.deep.equal([false, 0n])
    expect(await ratioPolicy.canExpel(2, fred, '0x')).to.equal(false)
    expect(await ratioPolicy.headroom(2, fred)).to.equal(0n)
    await expect(controller.admit(2, fred, '0x')).to.be.revertedWithCustomError(controller, 'NotEligible')
  })

  it('belong to a network that exists', async () => {
    const { history, ratioPolicy, steve } = await networkHelpers.loadFixture(community)
    await expect(ratioPolicy.connect(steve).setTerms(2, TERMS))
      .to.be.revertedWithCustomError(history, 'UnknownNetwork')
      .withArgs(2)
  })
})

describe('The policy of a network', () => {
  it('is the steward’s', async () => {
    const { history, controller, ratioPolicy, steve, fred } = await networkHelpers.loadFixture(community)
    await expect(controller.connect(fred).setPolicy(1, ZeroAddress))
      .to.be.revertedWithCustomError(controller, 'OnlySteward')
      .withArgs(fred, steve)
    await expect(controller.connect(steve).setPolicy(2, ratioPolicy)).to.be.revertedWithCustomError(
      history,
      'UnknownNetwork',
    )
    await expect(controller.connect(steve).setPolicy(1, ZeroAddress))
      .to.emit(controller, 'PolicySet')
      .withArgs(1, ZeroAddress)
    expect(await controller.policyOf(1)).to.equal(ZeroAddress)
  })

  it('must be set: without one nobody is admitted or expelled', async () => {
    const { controller, steve, fred } = await networkHelpers.loadFixture(community)
    await controller.admit(1, fred, '0x')
    await controller.connect(steve).setPolicy(1, ZeroAddress)
    for (const call of [() => controller.admit(1, fred, '0x'), () => controller.expel(1, fred, '0x')]) {
      await expect(call()).to.be.revertedWithCustomError(controller, 'NoPolicy').withArgs(1)
    }
    // What stands, stands.
    expect((await controller.admission(1, fred)).admitted).to.equal(true)
  })
})

describe('An admission', () => {
  it('is asked for by anyone and ends by itself', async () => {
    const { controller, fred, bert } = await networkHelpers.loadFixture(community)
    expect(await controller.admission(1, fred)).to.deep.equal([false, 0n])
    const admit = await controller.connect(bert).admit(1, fred, '0x')
    const validUntil = BigInt((await admit.getBlock())?.timestamp ?? 0) + 7n * DAY
    await expect(admit).to.emit(controller, 'Admitted').withArgs(1, fred, validUntil)
    expect(await controller.admission(1, fred)).to.deep.equal([true, validUntil])
    await time.increaseTo(validUntil - 1n)
    expect(await controller.admission(1, fred)).to.deep.equal([true, validUntil])
    await time.increaseTo(validUntil)
    expect(await controller.admission(1, fred)).to.deep.equal([false, validUntil])
  })

  it('can be renewed, and is never shortened by a stranger who asks for it under new terms', async () => {
    const { controller, ratioPolicy, steve, fred, bert } = await networkHelpers.loadFixture(community)
    await controller.admit(1, fred, '0x')
    await time.increase(DAY)
    const renewal = await controller.connect(fred).admit(1, fred, '0x')
    const renewed = BigInt((await renewal.getBlock())?.timestamp ?? 0) + 7n * DAY
    expect(await controller.admission(1, fred)).to.deep.equal([true, renewed])

    await ratioPolicy.connect(steve).setTerms(1, { ...TERMS, admissionPeriod: 60n })
    await expect(controller.connect(bert).admit(1, fred, '0x'))
      .to.emit(controller, 'Admitted')
      .withArgs(1, fred, renewed)
    expect(await controller.admission(1, fred)).to.deep.equal([true, renewed])
  })

  it('can be ended only while it stands', async () => {
    const { controller, fred, bert, serve } = await networkHelpers.loadFixture(community)
    const expel = () => controller.connect(bert).expel(1, fred, '0x')
    await expect(expel()).to.be.revertedWithCustomError(controller, 'NotAdmitted').withArgs(1, fred)
    await controller.admit(1, fred, '0x')
    await expect(expel()).to.be.revertedWithCustomError(controller, 'StillEligible').withArgs(1, fred)
    await serve(bert, fred, 5_000n)
    await expect(expel()).to.emit(controller, 'Expelled').withArgs(1, fred)
    expect(await controller.admission(1, fred)).to.deep.equal([false, 0n])
    await expect(expel()).to.be.revertedWithCustomError(controller, 'NotAdmitted')
  })

  it('that has run out cannot be ended', async () => {
    const { controller, fred } = await networkHelpers.loadFixture(community)
    await controller.admit(1, fred, '0x')
    await time.increase(7n * DAY)
    await expect(controller.expel(1, fred, '0x')).to.be.revertedWithCustomError(controller, 'NotAdmitted')
  })

  it('follows whatever the policy answers', async () => {
    const { controller, steve, fred } = await networkHelpers.loadFixture(community)
    const policy = await ethers.deployContract('StatedPolicy')
    await controller.connect(steve).setPolicy(1, policy)
    await expect(controller.admit(1, fred, '0x')).to.be.revertedWithCustomError(controller, 'NotEligible')
    await policy.getFunction('state')(fred, 4_000_000_000n, '0xc0de')
    await expect(controller.admit(1, fred, '0x'))
      .to.emit(controller, 'Admitted')
      .withArgs(1, fred, 4_000_000_000n)
    await expect(controller.expel(1, fred, '0x')).to.be.revertedWithCustomError(controller, 'StillEligible')
    await expect(controller.expel(1, fred, '0xc0de'))
      .to.emit(controller, 'Expelled')
      .withArgs(1, fred)
  })
})
