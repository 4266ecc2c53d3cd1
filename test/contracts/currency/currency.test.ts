import { expect } from 'chai'
import { concat, id, toBeHex, ZeroAddress, ZeroHash } from 'ethers'
import { network } from 'hardhat'
import { accounts, createCurrency, deployContracts, descriptor, MAX_UINT96, terms } from '../../support/contracts.ts'

const { ethers, networkHelpers } = await network.create()

/** Claire issues a dollar with six decimals, without fees; Dave holds 500. */
async function claireDollar() {
  const { claire, dave, susan } = await accounts(ethers, 'claire', 'dave', 'susan')
  const contracts = await deployContracts(ethers)
  const dollar = await createCurrency(ethers, contracts, claire)
  await dollar.mint(dave, 500_000_000n)
  return { ...contracts, dollar, claire, dave, susan }
}

/** The same at a fee of 0.2 and one per cent. */
async function dollarWithFees() {
  const world = await claireDollar()
  const dollar = await createCurrency(ethers, world, world.claire, { feeFlat: 200_000n, feeBps: 100n })
  await dollar.mint(world.dave, 500_000_000n)
  return { ...world, dollar }
}

describe('Creating a currency', () => {
  it('gives the issuer an ERC-20 of its own, at an address known before', async () => {
    const { factory, claire, susan } = await networkHelpers.loadFixture(claireDollar)
    const config = terms({ name: 'Susan’s storage', symbol: 'SUS', decimals: 9, maxSupply: 10n ** 15n, feeBps: 250 })
    const predicted = await factory.predictCurrency(susan, config, id('first'))
    expect(await factory.isCurrency(predicted)).to.equal(false)

    await expect(factory.connect(susan).createCurrency(config, id('first')))
      .to.emit(factory, 'CurrencyCreated')
      .withArgs(predicted, susan, 'Susan’s storage', 'SUS', 9)

    const currency = await ethers.getContractAt('IssuerCurrency', predicted)
    expect(await factory.isCurrency(currency)).to.equal(true)
    expect(await currency.issuer()).to.equal(susan.address)
    expect(await currency.name()).to.equal('Susan’s storage')
    expect(await currency.symbol()).to.equal('SUS')
    expect(await currency.decimals()).to.equal(9n)
    expect(await currency.maxSupply()).to.equal(10n ** 15n)
    expect(await currency.feeFlat()).to.equal(0n)
    expect(await currency.feeBps()).to.equal(250n)
    expect(await currency.redemptionWindow()).to.equal(604_800n)
    expect(await currency.contractURI()).to.equal(config.contractURI)
    expect(await currency.totalSupply()).to.equal(0n)
    expect(await factory.predictCurrency(claire, config, id('first'))).not.to.equal(predicted)
    expect(await factory.predictCurrency(susan, config, id('second'))).not.to.equal(predicted)
  })

  it('cannot be taken by whoever sends the same transaction first', async () => {
    const { factory, claire, susan } = await networkHelpers.loadFixture(claireDollar)
    const meant = await factory.predictCurrency(claire, terms(), id('next'))
    await factory.connect(susan).createCurrency(terms(), id('next'))
    expect(await factory.isCurrency(meant)).to.equal(false)
    await factory.connect(claire).createCurrency(terms(), id('next'))
    expect(await factory.isCurrency(meant)).to.equal(true)
  })

  it('refuses the same currency twice', async () => {
    const { factory, dollar, claire } = await networkHelpers.loadFixture(claireDollar)
    await expect(factory.connect(claire).createCurrency(terms(), ZeroHash))
      .to.be.revertedWithCustomError(factory, 'CurrencyExists')
      .withArgs(dollar)
  })

  for (const [wrong, changes, error, value] of [
    ['a name of 10 kB', { name: 'n'.repeat(10_240) }, 'InvalidName', 10_240],
    ['a name of 65 bytes', { name: 'n'.repeat(65) }, 'InvalidName', 65],
    ['a name of 22 characters that are 66 bytes', { name: '€'.repeat(22) }, 'InvalidName', 66],
    ['no name', { name: '' }, 'InvalidName', 0],
    ['a symbol of 17 bytes', { symbol: 'S'.repeat(17) }, 'InvalidSymbol', 17],
    ['no symbol', { symbol: '' }, 'InvalidSymbol', 0],
    ['78 decimals', { decimals: 78 }, 'InvalidDecimals', 78],
    ['19 decimals', { decimals: 19 }, 'InvalidDecimals', 19],
    ['a fee above a tenth', { feeBps: 1_001 }, 'InvalidFee', 1_001],
    ['a URI of 129 bytes', { contractURI: 'u'.repeat(129) }, 'InvalidContractURI', 129],
  ] as const) {
    it(`refuses ${wrong}`, async () => {
      const { factory, claire } = await networkHelpers.loadFixture(claireDollar)
      for (const call of [
        () => factory.createCurrency(terms(changes), ZeroHash),
        () => factory.predictCurrency(claire, terms(changes), ZeroHash),
      ]) {
        await expect(call()).to.be.revertedWithCustomError(factory, error).withArgs(value)
      }
    })
  }

  it('refuses a supply of nothing', async () => {
    const { factory } = await networkHelpers.loadFixture(claireDollar)
    await expect(factory.createCurrency(terms({ maxSupply: 0 }), ZeroHash)).to.be.revertedWithCustomError(
      factory,
      'InvalidMaxSupply',
    )
  })

  it('accepts every limit at once', async () => {
    const { factory, claire } = await networkHelpers.loadFixture(claireDollar)
    const currency = await createCurrency(ethers, { factory }, claire, {
      name: `${'€'.repeat(21)}.`,
      symbol: 'S'.repeat(16),
      decimals: 18,
      feeFlat: MAX_UINT96,
      feeBps: 1_000,
      redemptionWindow: 2 ** 32 - 1,
      contractURI: 'u'.repeat(128),
    })
    expect(await currency.name()).to.equal(`${'€'.repeat(21)}.`)
    expect(await currency.symbol()).to.equal('S'.repeat(16))
    expect(await currency.contractURI()).to.equal('u'.repeat(128))
  })
})

describe('Telling a currency from an impostor', () => {
  it('knows nothing but its own', async () => {
    const { factory, dollar, channels, dave } = await networkHelpers.loadFixture(claireDollar)
    expect(await factory.isCurrency(dollar)).to.equal(true)
    for (const other of [dave, factory, channels, await factory.implementation(), ZeroAddress]) {
      expect(await factory.isCurrency(other)).to.equal(false)
    }
  })

  it('is not fooled by a clone of the same code with the same terms', async () => {
    const { factory, dollar, susan } = await networkHelpers.loadFixture(claireDollar)
    const code = await ethers.provider.getCode(dollar)
    // Ten bytes of init code that return what follows them.
    const initCode = concat([`0x61${toBeHex((code.length - 2) / 2, 2).slice(2)}3d81600a3d39f3`, code])
    const receipt = await (await susan.sendTransaction({ data: initCode })).wait()
    const impostor = await ethers.getContractAt('IssuerCurrency', receipt?.contractAddress ?? ZeroAddress)
    expect(await ethers.provider.getCode(impostor)).to.equal(code)
    expect(await impostor.issuer()).to.equal(await dollar.issuer())
    expect(await factory.isCurrency(impostor)).to.equal(false)
  })

  it('is not fooled by another factory', async () => {
    const { factory, channels, claire } = await networkHelpers.loadFixture(claireDollar)
    const other = await ethers.deployContract('CurrencyFactory', [channels])
    const currency = await createCurrency(ethers, { factory: other }, claire)
    expect(await other.isCurrency(currency)).to.equal(true)
    expect(await factory.isCurrency(currency)).to.equal(false)
  })
})

describe('Minting', () => {
  it('is the issuer’s alone', async () => {
    const { dollar, claire, dave, susan } = await networkHelpers.loadFixture(claireDollar)
    await expect(dollar.connect(dave).mint(dave, 1n))
      .to.be.revertedWithCustomError(dollar, 'OnlyIssuer')
      .withArgs(dave, claire)
    await expect(dollar.mint(susan, 7n)).to.emit(dollar, 'Transfer').withArgs(ZeroAddress, susan, 7n)
    expect(await dollar.balanceOf(susan)).to.equal(7n)
  })

  it('stops at the most that may exist', async () => {
    const { factory, claire, dave } = await networkHelpers.loadFixture(claireDollar)
    const scarce = await createCurrency(ethers, { factory }, claire, { maxSupply: 21_000_000n })
    await scarce.mint(dave, 20_999_999n)
    await expect(scarce.mint(dave, 2n))
      .to.be.revertedWithCustomError(scarce, 'SupplyCapExceeded')
      .withArgs(21_000_000n, 21_000_001n)
    await scarce.mint(dave, 1n)
    expect(await scarce.totalSupply()).to.equal(21_000_000n)
  })

  it('never goes where nobody could spend', async () => {
    const { dollar } = await networkHelpers.loadFixture(claireDollar)
    for (const nobody of [ZeroAddress, await dollar.getAddress()]) {
      await expect(dollar.mint(nobody, 1n))
        .to.be.revertedWithCustomError(dollar, 'ERC20InvalidReceiver')
        .withArgs(nobody)
    }
  })

  it('serves many in one transaction', async () => {
    const { dollar, claire, susan } = await networkHelpers.loadFixture(claireDollar)
    const calls = [susan, claire].map((to) => dollar.interface.encodeFunctionData('mint', [to.address, 5n]))
    await dollar.multicall(calls)
    expect(await dollar.balanceOf(susan)).to.equal(5n)
    expect(await dollar.balanceOf(claire)).to.equal(5n)
  })
})

describe('transferFunds', () => {
  it('is free where the issuer asks for no fee', async () => {
    const { dollar, claire, dave, susan } = await networkHelpers.loadFixture(claireDollar)
    expect(await dollar.quoteFee(100_000_000n)).to.equal(0n)
    const payment = dollar.connect(dave).transferFunds(susan, 100_000_000n, id('invoice 1'))
    await expect(payment).to.emit(dollar, 'Deposited').withArgs(dave, susan, id('invoice 1'), 100_000_000n, 0n)
    await expect(payment).to.emit(dollar, 'Transfer').withArgs(dave, susan, 100_000_000n)
    expect(await dollar.balanceOf(dave)).to.equal(400_000_000n)
    expect(await dollar.balanceOf(susan)).to.equal(100_000_000n)
    expect(await dollar.balanceOf(claire)).to.equal(0n)
  })

  it('sends 100 at fee 1.2: debits 101.2, credits exactly 100', async () => {
    const { dollar, claire, dave, susan } = await networkHelpers.loadFixture(dollarWithFees)
    expect(await dollar.quoteFee(100_000_000n)).to.equal(1_200_000n)
    expect(await dollar.connect(dave).transferFunds.staticCall(susan, 100_000_000n, ZeroHash)).to.equal(1_200_000n)
    await expect(dollar.connect(dave).transferFunds(susan, 100_000_000n, id('invoice 2')))
      .to.emit(dollar, 'Deposited')
      .withArgs(dave, susan, id('invoice 2'), 100_000_000n, 1_200_000n)
    expect(await dollar.balanceOf(dave)).to.equal(500_000_000n - 101_200_000n)
    expect(await dollar.balanceOf(susan)).to.equal(100_000_000n)
    expect(await dollar.balanceOf(claire)).to.equal(1_200_000n)
  })

  it('never costs more than a tenth', async () => {
    const { dollar, dave, susan } = await networkHelpers.loadFixture(dollarWithFees)
    expect(await dollar.quoteFee(1_000_000n)).to.equal(100_000n)
    expect(await dollar.quoteFee(9n)).to.equal(0n)
    await dollar.connect(dave).transferFunds(susan, 1_000_000n, ZeroHash)
    expect(await dollar.balanceOf(dave)).to.equal(500_000_000n - 1_100_000n)
  })

  it('refuses what amount and fee together exceed, and moves nothing', async () => {
    const { dollar, claire, dave, susan } = await networkHelpers.loadFixture(dollarWithFees)
    await expect(dollar.connect(dave).transferFunds(susan, 500_000_000n, ZeroHash))
      .to.be.revertedWithCustomError(dollar, 'ERC20InsufficientBalance')
      .withArgs(dave, 494_800_000n, 500_000_000n)
    expect(await dollar.balanceOf(dave)).to.equal(500_000_000n)
    expect(await dollar.balanceOf(claire)).to.equal(0n)
  })

  it('refuses a recipient that could not spend', async () => {
    const { dollar, dave } = await networkHelpers.loadFixture(claireDollar)
    for (const nobody of [ZeroAddress, await dollar.getAddress()]) {
      await expect(dollar.connect(dave).transferFunds(nobody, 1n, ZeroHash))
        .to.be.revertedWithCustomError(dollar, 'ERC20InvalidReceiver')
        .withArgs(nobody)
    }
  })

  it('is the only thing that costs a fee', async () => {
    const { dollar, claire, dave, susan } = await networkHelpers.loadFixture(dollarWithFees)
    await dollar.connect(dave).transfer(susan, 100_000_000n)
    await dollar.connect(dave).approve(claire, 50_000_000n)
    await dollar.connect(claire).transferFrom(dave, susan, 50_000_000n)
    expect(await dollar.balanceOf(dave)).to.equal(350_000_000n)
    expect(await dollar.balanceOf(susan)).to.equal(150_000_000n)
    expect(await dollar.balanceOf(claire)).to.equal(0n)
  })
})

describe('The approval of payment channels', () => {
  it('stands for every holder and cannot be changed', async () => {
    const { dollar, channels, dave } = await networkHelpers.loadFixture(claireDollar)
    expect(await dollar.channels()).to.equal(await channels.getAddress())
    expect(await dollar.allowance(dave, channels)).to.equal(2n ** 256n - 1n)
    for (const amount of [0n, 1n, 2n ** 256n - 1n]) {
      await expect(dollar.connect(dave).approve(channels, amount)).to.be.revertedWithCustomError(
        dollar,
        'ChannelsAlwaysApproved',
      )
    }
  })

  it('lets a holder open a channel without approving, and is never used up', async () => {
    const { dollar, channels, dave, susan } = await networkHelpers.loadFixture(claireDollar)
    const channel = await descriptor({ payer: dave, payee: susan, token: dollar })
    await channels.connect(dave).fund(channel, 100_000_000n)
    expect(await dollar.balanceOf(channels)).to.equal(100_000_000n)
    expect(await dollar.allowance(dave, channels)).to.equal(2n ** 256n - 1n)
  })

  it('moves nobody’s money but the caller’s', async () => {
    const { dollar, channels, claire, dave, susan } = await networkHelpers.loadFixture(claireDollar)
    await dollar.mint(susan, 40n)
    // Susan can neither open a channel in Dave's name nor top one up from Dave's pocket.
    const channel = await descriptor({ payer: dave, payee: susan, token: dollar })
    await expect(channels.connect(susan).fund(channel, 1n)).to.be.revertedWithCustomError(channels, 'OnlyPayer')
    await channels.connect(dave).fund(channel, 10n)
    await channels.connect(susan).fund(channel, 40n)
    expect(await dollar.balanceOf(dave)).to.equal(500_000_000n - 10n)
    expect(await dollar.balanceOf(susan)).to.equal(0n)
    await expect(channels.connect(susan).fund(channel, 1n)).to.be.revertedWithCustomError(
      dollar,
      'ERC20InsufficientBalance',
    )
    // Nor does the approval extend to anyone else, the issuer included.
    await expect(dollar.connect(claire).transferFrom(dave, claire, 1n))
      .to.be.revertedWithCustomError(dollar, 'ERC20InsufficientAllowance')
      .withArgs(claire, 0n, 1n)
  })
})
