import { createRequire } from 'node:module'
import { addresses } from '@scrip/sdk/abi'
import { CurrencyFactory__factory, type IssuerCurrency, IssuerCurrency__factory } from '@scrip/sdk/typechain'
import { expect } from 'chai'
import {
  Contract,
  type ContractTransactionResponse,
  HDNodeWallet,
  hexlify,
  Interface,
  type InterfaceAbi,
  id,
  isError,
  JsonRpcProvider,
  MaxUint256,
  randomBytes,
  Signature,
} from 'ethers'
import { DEV_MNEMONIC } from '../../../sdk/cli/localChain.ts'
import { startWorld, type World } from './support/world.ts'

const require = createRequire(import.meta.url)

/** The standard, as anybody writes it down for ethers. */
const erc20 = [
  'function name() view returns (string)',
  'function symbol() view returns (string)',
  'function decimals() view returns (uint8)',
  'function totalSupply() view returns (uint256)',
  'function balanceOf(address) view returns (uint256)',
  'function transfer(address to, uint256 amount) returns (bool)',
  'function approve(address spender, uint256 amount) returns (bool)',
  'function allowance(address owner, address spender) view returns (uint256)',
  'function transferFrom(address from, address to, uint256 amount) returns (bool)',
  'event Transfer(address indexed from, address indexed to, uint256 amount)',
  'event Approval(address indexed owner, address indexed spender, uint256 amount)',
]

const permitTypes = {
  Permit: [
    { name: 'owner', type: 'address' },
    { name: 'spender', type: 'address' },
    { name: 'value', type: 'uint256' },
    { name: 'nonce', type: 'uint256' },
    { name: 'deadline', type: 'uint256' },
  ],
}

const authorizationTypes = {
  TransferWithAuthorization: [
    { name: 'from', type: 'address' },
    { name: 'to', type: 'address' },
    { name: 'value', type: 'uint256' },
    { name: 'validAfter', type: 'uint256' },
    { name: 'validBefore', type: 'uint256' },
    { name: 'nonce', type: 'bytes32' },
  ],
}

const WEEK = 7 * 24 * 3600
const config = {
  name: 'Ether hour',
  symbol: 'ETH-H',
  decimals: 6,
  maxSupply: 10n ** 12n,
  feeFlat: 2n,
  feeBps: 100,
  redemptionWindow: WEEK,
  contractURI: '',
}
const forever = 2n ** 48n

describe('an issuer currency under ethers', function () {
  this.timeout(30_000)
  let world: World
  let provider: JsonRpcProvider
  let issuer: HDNodeWallet
  let holder: HDNodeWallet
  let stranger: HDNodeWallet
  before(async () => {
    world = await startWorld()
    provider = new JsonRpcProvider(world.url, undefined, { cacheTimeout: -1, pollingInterval: 10, staticNetwork: true })
    const signer = (index: number) =>
      HDNodeWallet.fromPhrase(DEV_MNEMONIC, undefined, `m/44'/60'/0'/0/${index}`).connect(provider)
    issuer = signer(0)
    holder = signer(1)
    stranger = signer(2)
  })
  after(() => provider.destroy())
  after(() => world.stop())

  let currencies = 0
  /** A currency by the typed factory, of which the holder holds some. */
  const holding = async (amount: bigint, terms: Partial<typeof config> = {}): Promise<IssuerCurrency> => {
    currencies += 1
    const salt = id(`${currencies}`)
    const factory = CurrencyFactory__factory.connect(addresses.currencyFactory, issuer)
    const address = await factory.predictCurrency(issuer.address, { ...config, ...terms }, salt)
    await mined(factory.createCurrency({ ...config, ...terms }, salt))
    const currency = IssuerCurrency__factory.connect(address, issuer)
    await mined(currency.mint(holder.address, amount))
    return currency
  }

  it('is an ERC-20 to a Contract with the standard ABI', async () => {
    const currency = await holding(100n)
    const token = new Contract(await currency.getAddress(), erc20, holder)
    const call = (name: string, ...args: unknown[]) => token.getFunction(name).staticCall(...args)
    const send = (name: string, by: HDNodeWallet, ...args: unknown[]) =>
      mined(new Contract(token.target, erc20, by).getFunction(name).send(...args))
    expect([await call('name'), await call('symbol'), await call('decimals')]).to.deep.equal([
      'Ether hour',
      'ETH-H',
      6n,
    ])
    await send('transfer', holder, stranger.address, 10n)
    await send('approve', holder, stranger.address, 50n)
    await send('transferFrom', stranger, holder.address, stranger.address, 50n)
    expect(await call('balanceOf', holder.address)).to.equal(40n)
    expect(await call('balanceOf', stranger.address)).to.equal(60n)
    expect(await call('totalSupply')).to.equal(100n)
    expect(await call('allowance', holder.address, stranger.address)).to.equal(0n)
    expect(await call('allowance', holder.address, addresses.paymentChannels)).to.equal(MaxUint256)
    const sent = token.filters['Transfer']?.(holder.address) ?? []
    expect(await token.queryFilter(sent)).to.have.length(2)
  })

  it('names what its functions take and return as the standards do, because ethers’ results are read by name', () => {
    const ours = new Interface(IssuerCurrency__factory.abi).format()
    for (const standard of ['IERC20Metadata', 'IERC20Permit', 'IERC3009', 'IERC3009Cancel', 'IERC5267']) {
      const { abi } = require(`@openzeppelin/contracts/build/contracts/${standard}.json`) as { abi: InterfaceAbi }
      expect(ours).to.include.members(new Interface(abi).format())
    }
  })

  it('takes a permit that signTypedData signed', async () => {
    const currency = await holding(100n)
    const { name, version, chainId, verifyingContract } = await currency.eip712Domain()
    const [owner, spender, value, deadline] = [holder.address, stranger.address, 30n, forever]
    const message = { owner, spender, value, nonce: await currency.nonces(owner), deadline }
    const signed = await holder.signTypedData({ name, version, chainId, verifyingContract }, permitTypes, message)
    const { v, r, s } = Signature.from(signed)
    await mined(currency.connect(stranger).permit(owner, spender, value, deadline, v, r, s))
    expect(await currency.allowance(owner, spender)).to.equal(30n)
    await mined(currency.connect(stranger).transferFrom(owner, spender, 30n))
    expect(await currency.balanceOf(spender)).to.equal(30n)
    const again = currency.permit.staticCall(owner, spender, value, deadline, v, r, s)
    expect(await refusal(again)).to.equal('InvalidSignature')
  })

  it('carries out authorizations in both overloads, by their typed names', async () => {
    const currency = await holding(100n)
    const { name, version, chainId, verifyingContract } = await currency.eip712Domain()
    const domain = { name, version, chainId, verifyingContract }
    const authorize = async () => {
      const [from, to, value, nonce] = [holder.address, stranger.address, 25n, hexlify(randomBytes(32))]
      const message = { from, to, value, validAfter: 0n, validBefore: forever, nonce }
      const signature = await holder.signTypedData(domain, authorizationTypes, message)
      return { terms: [from, to, value, 0n, forever, nonce] as const, signature }
    }
    const one = await authorize()
    const { v, r, s } = Signature.from(one.signature)
    const split =
      currency['transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)']
    await mined(split(...one.terms, v, r, s))
    const other = await authorize()
    const whole = currency['transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)']
    await mined(whole(...other.terms, other.signature))
    expect(await currency.balanceOf(stranger.address)).to.equal(50n)
    expect(await currency.authorizationState(holder.address, other.terms[5])).to.equal(true)
    expect(await refusal(whole.staticCall(...one.terms, one.signature))).to.equal('AuthorizationAlreadyUsed')
  })

  it('pays through the issuer’s service, and finds the deposit in the log', async () => {
    const currency = await holding(1_000n)
    const reference = id('invoice 7')
    const fee = await currency.connect(holder).transferFunds.staticCall(stranger.address, 100n, reference)
    expect(fee).to.equal(3n)
    await mined(currency.connect(holder).transferFunds(stranger.address, 100n, reference))
    const [deposit] = await currency.queryFilter(currency.filters.Deposited(undefined, stranger.address, reference))
    expect(deposit?.args.from).to.equal(holder.address)
    expect([deposit?.args.amount, deposit?.args.fee]).to.deep.equal([100n, 3n])
    expect(await currency.balanceOf(holder.address)).to.equal(897n)
    expect(await currency.balanceOf(issuer.address)).to.equal(3n)
  })

  it('hands the issuer’s place over in two steps', async () => {
    const currency = await holding(0n)
    await mined(currency.transferIssuer(stranger.address))
    expect(await currency.issuer()).to.equal(issuer.address)
    expect(await refusal(currency.connect(holder).acceptIssuer.staticCall())).to.equal('OnlyIssuerCandidate')
    await mined(currency.connect(stranger).acceptIssuer())
    expect(await currency.issuer()).to.equal(stranger.address)
    await mined(currency.connect(stranger).mint(stranger.address, 1n))
    expect(await refusal(currency.mint.staticCall(issuer.address, 1n))).to.equal('OnlyIssuer')
  })

  describe('redeems', () => {
    const terms = id('a loaf of bread, Friday')
    const proof = id('handed over')
    let currency: IssuerCurrency
    let byHolder: IssuerCurrency
    let redemption: bigint
    beforeEach(async () => {
      currency = await holding(100n)
      byHolder = currency.connect(holder)
      redemption = await byHolder.redeem.staticCall(60n, terms)
      await mined(byHolder.redeem(60n, terms))
    })

    const ended = async (
      status: bigint,
      sums: Partial<Record<'redeemed' | 'defaulted' | 'disputed' | 'lapsed', bigint>>,
    ) => {
      const { minted, redeemed, defaulted, disputed, lapsed } = await currency.record()
      const expected = { redeemed: 0n, defaulted: 0n, disputed: 0n, lapsed: 0n, ...sums }
      expect({ minted, redeemed, defaulted, disputed, lapsed }).to.deep.equal({ minted: 100n, ...expected })
      const [closed] = await currency.queryFilter(currency.filters.RedemptionClosed(redemption))
      expect(closed?.args.status).to.equal(status)
      const burned = expected.redeemed + expected.disputed
      expect(await currency.totalSupply()).to.equal(100n - burned)
      expect(await currency.balanceOf(holder.address)).to.equal(100n - burned)
      expect(await currency.balanceOf(await currency.getAddress())).to.equal(0n)
    }

    it('what the holder confirms', async () => {
      const { holder: by, amount, termsHash, deadline, status } = await currency.redemption(redemption)
      expect([by, amount, termsHash, status]).to.deep.equal([holder.address, 60n, terms, 1n])
      expect(await currency.balanceOf(await currency.getAddress())).to.equal(60n)
      await mined(currency.accept(redemption))
      await mined(currency.fulfill(redemption, proof))
      expect((await currency.redemption(redemption)).deadline >= deadline).to.equal(true)
      await mined(byHolder.confirm(redemption))
      await ended(6n, { redeemed: 60n })
    })

    it('what the holder disputes: burned all the same', async () => {
      await mined(currency.accept(redemption))
      await mined(currency.fulfill(redemption, proof))
      await mined(byHolder.dispute(redemption))
      await ended(7n, { disputed: 60n })
    })

    it('what the holder keeps silent about', async () => {
      await mined(currency.accept(redemption))
      await mined(currency.fulfill(redemption, proof))
      await world.wait(WEEK + 1)
      await mined(currency.connect(stranger).settle(redemption))
      await ended(6n, { redeemed: 60n })
    })

    it('nothing that the issuer took on and did not do: a default', async () => {
      await mined(currency.accept(redemption))
      await world.wait(WEEK + 1)
      expect(await refusal(currency.fulfill.staticCall(redemption, proof))).to.equal('RedemptionExpired')
      await mined(currency.connect(stranger).settle(redemption))
      await ended(5n, { defaulted: 60n })
    })

    it('nothing that the issuer never took on: no default', async () => {
      await world.wait(WEEK + 1)
      await mined(currency.connect(stranger).settle(redemption))
      await ended(4n, { lapsed: 60n })
    })

    it('by nobody’s word but the issuer’s and the holder’s, each at its step', async () => {
      const byStranger = currency.connect(stranger)
      expect(await refusal(byStranger.accept.staticCall(redemption))).to.equal('OnlyIssuer')
      expect(await refusal(byHolder.confirm.staticCall(redemption))).to.equal('WrongRedemptionStatus')
      expect(await refusal(byStranger.settle.staticCall(redemption))).to.equal('RedemptionOpen')
      await mined(currency.accept(redemption))
      await mined(currency.fulfill(redemption, proof))
      expect(await refusal(byStranger.dispute.staticCall(redemption))).to.equal('OnlyHolder')
      await mined(byHolder.confirm(redemption))
      expect(await refusal(byHolder.dispute.staticCall(redemption))).to.equal('WrongRedemptionStatus')
    })
  })
})

async function mined(sent: Promise<ContractTransactionResponse>): Promise<void> {
  const receipt = await (await sent).wait()
  expect(receipt?.status).to.equal(1)
}

/** The name of the error with which a contract refused a call of ethers’. */
async function refusal(call: Promise<unknown>): Promise<string | undefined> {
  const error = await call.then(
    () => new Error('The contract did not refuse.'),
    (reason: unknown) => reason,
  )
  if (isError(error, 'CALL_EXCEPTION')) return error.revert?.name
  throw error
}
