import { issuerCurrencyAbi } from '@scrip/sdk/abi'
import { addresses } from '@scrip/sdk/chain'
import { expect } from 'chai'
import {
  type Address,
  domainSeparator,
  erc20Abi,
  getContract,
  maxUint256,
  numberToHex,
  parseAbi,
  parseSignature,
  type TypedDataDomain,
  toFunctionSelector,
} from 'viem'
import { token } from 'viem/actions'
import { newAccount } from './support/payers.ts'
import { refusal } from './support/refusal.ts'
import { type Person, startWorld, type World } from './support/world.ts'

const erc2612 = [
  'function permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s)',
  'function nonces(address owner) view returns (uint256)',
  'function DOMAIN_SEPARATOR() view returns (bytes32)',
] as const

/** What viem knows of a currency, from the standards alone, and the errors that a currency refuses with. */
const abi = [
  ...erc20Abi,
  ...parseAbi(erc2612),
  ...parseAbi([
    'function contractURI() view returns (string)',
    'function supportsInterface(bytes4 interfaceId) view returns (bool)',
  ]),
  ...issuerCurrencyAbi.filter((item) => item.type === 'error'),
] as const

const permitTypes = {
  Permit: [
    { name: 'owner', type: 'address' },
    { name: 'spender', type: 'address' },
    { name: 'value', type: 'uint256' },
    { name: 'nonce', type: 'uint256' },
    { name: 'deadline', type: 'uint256' },
  ],
} as const

describe('an issuer currency under viem’s own tools', function () {
  this.timeout(30_000)
  let world: World
  let holder: Person
  let spender: Person
  before(async () => {
    world = await startWorld()
    holder = world.person(1)
    spender = world.person(2)
  })
  after(() => world.stop())

  const contract = (address: Address, client: Person = spender) => getContract({ client, abi, address })
  const holding = async (amount: bigint, terms: Parameters<World['createCurrency']>[0] = {}) => {
    const currency = await world.createCurrency(terms)
    await world.issuer.mint({ currency, to: holder.account.address, amount })
    return currency
  }

  describe('for ERC-20', () => {
    it('tells its metadata and supply', async () => {
      const currency = await holding(250n, { name: 'Heure d’Alice 時間', symbol: 'AH€', decimals: 2 })
      const metadata = await token.getMetadata(holder, { token: currency })
      expect(metadata).to.deep.equal({ name: 'Heure d’Alice 時間', symbol: 'AH€', decimals: 2 })
      expect(await token.getTotalSupply(holder, { token: currency })).to.include({ amount: 250n, formatted: '2.5' })
      const balance = await token.getBalance(holder, { token: currency, account: holder.account.address })
      expect(balance).to.include({ amount: 250n, formatted: '2.5' })
    })

    it('transfers, approves and transfers from, without the fee', async () => {
      const currency = await holding(100n, { feeFlat: 1n, feeBps: 1_000 })
      const to = newAccount().address
      const sent = await token.transferSync(holder, { token: currency, to, amount: 40n })
      expect(sent).to.include({ from: holder.account.address, to, value: 40n })
      const approved = { token: currency, spender: spender.account.address }
      expect(await token.approveSync(holder, { ...approved, amount: 60n })).to.include({ value: 60n })
      await token.transferSync(spender, { token: currency, from: holder.account.address, to, amount: 60n })
      const left = await token.getAllowance(holder, { ...approved, account: holder.account.address })
      expect(left).to.include({ amount: 0n })
      expect(await contract(currency).read.balanceOf([to])).to.equal(100n)
      expect(await contract(currency).read.balanceOf([world.issuer.account.address])).to.equal(0n)
    })

    it('shows the channels contract as approved without limit, and no way to approve it', async () => {
      const currency = await holding(1n)
      const channels = addresses.paymentChannels
      for (const account of [holder.account.address, newAccount().address]) {
        const shown = await token.getAllowance(holder, { token: currency, account, spender: channels })
        expect(shown).to.include({ amount: maxUint256 })
      }
      for (const amount of [0n, 1n, maxUint256]) {
        const approve = contract(currency, holder).simulate.approve([channels, amount])
        expect(await refusal(approve)).to.equal('ChannelsAlwaysApproved')
      }
    })
  })

  describe('for ERC-2612 and ERC-5267', () => {
    const deadline = 2n ** 48n
    const permitted = async (domain: TypedDataDomain, { by = spender.account.address, until = deadline } = {}) => {
      const message = { owner: holder.account.address, spender: by, value: 10n, nonce: 0n, deadline: until }
      const signature = await holder.signTypedData({ domain, types: permitTypes, primaryType: 'Permit', message })
      const { r, s, v } = parseSignature(signature)
      return [message.owner, by, message.value, until, Number(v), r, s] as const
    }
    /** viem returns a salt whatever `fields` say, and signs it where it is there. */
    const domainOf = async (address: Address) => {
      const { name, version, chainId, verifyingContract } = (await holder.getEip712Domain({ address })).domain
      return { name, version, chainId, verifyingContract }
    }

    it('tells its EIP-712 domain', async () => {
      const currency = await holding(1n, { name: 'Domain dollar' })
      const { domain, fields, extensions } = await holder.getEip712Domain({ address: currency })
      expect(domain).to.include({ name: 'Domain dollar', version: '1', chainId: 31_337, verifyingContract: currency })
      expect([fields, extensions]).to.deep.equal(['0x0f', []])
      const separator = domainSeparator({ domain: await domainOf(currency) })
      expect(await contract(currency).read.DOMAIN_SEPARATOR()).to.equal(separator)
    })

    it('takes a permit that is signed in that domain, once', async () => {
      const currency = await holding(10n)
      const args = await permitted(await domainOf(currency))
      await spender.waitForTransactionReceipt({ hash: await contract(currency).write.permit(args) })
      expect(await contract(currency).read.allowance([args[0], args[1]])).to.equal(10n)
      expect(await contract(currency).read.nonces([args[0]])).to.equal(1n)
      expect(await refusal(contract(currency).simulate.permit(args))).to.equal('InvalidSignature')
      const to = newAccount().address
      await token.transferSync(spender, { token: currency, from: args[0], to, amount: 10n })
      expect(await contract(currency).read.balanceOf([to])).to.equal(10n)
    })

    for (const [what, first, second] of [
      ['another name', { name: 'North' }, { name: 'South' }],
      [
        'the same name',
        { name: 'Twin', symbol: 'T' },
        { name: 'Twin', symbol: 'T', salt: numberToHex(1, { size: 32 }) },
      ],
    ] as const) {
      it(`refuses a permit for a currency of ${what}`, async () => {
        const [one, other] = [await holding(10n, first), await holding(10n, second)]
        const args = await permitted(await domainOf(one))
        expect(await refusal(contract(other).simulate.permit(args))).to.equal('InvalidSignature')
        await contract(one).simulate.permit(args)
      })
    }

    it('refuses a permit for another chain, a late one, one for more, and one for the channels', async () => {
      const currency = await holding(10n)
      const domain = await domainOf(currency)
      const elsewhere = await permitted({ ...domain, chainId: 1 })
      expect(await refusal(contract(currency).simulate.permit(elsewhere))).to.equal('InvalidSignature')
      const late = await permitted(domain, { until: 1n })
      expect(await refusal(contract(currency).simulate.permit(late))).to.equal('PermitExpired')
      const [owner, by, value, ...rest] = await permitted(domain)
      const more = contract(currency).simulate.permit([owner, by, value + 1n, ...rest])
      expect(await refusal(more)).to.equal('InvalidSignature')
      const channels = await permitted(domain, { by: addresses.paymentChannels })
      expect(await refusal(contract(currency).simulate.permit(channels))).to.equal('ChannelsAlwaysApproved')
      await contract(currency).simulate.permit(await permitted(domain))
    })
  })

  describe('for ERC-165 and ERC-7572', () => {
    const authorization =
      'address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce'
    const interfaces = {
      'ERC-165': ['function supportsInterface(bytes4)'],
      'ERC-20': [
        'function totalSupply()',
        'function balanceOf(address)',
        'function transfer(address,uint256)',
        'function allowance(address,address)',
        'function approve(address,uint256)',
        'function transferFrom(address,address,uint256)',
      ],
      'ERC-20 metadata': ['function name()', 'function symbol()', 'function decimals()'],
      'ERC-2612': erc2612,
      'ERC-3009': [
        'function authorizationState(address,bytes32)',
        `function transferWithAuthorization(${authorization}, uint8 v, bytes32 r, bytes32 s)`,
        `function receiveWithAuthorization(${authorization}, uint8 v, bytes32 r, bytes32 s)`,
      ],
      'ERC-3009’s cancelling': ['function cancelAuthorization(address,bytes32,uint8,bytes32,bytes32)'],
      'ERC-5267': ['function eip712Domain()'],
    }

    it('answers for every standard that it keeps, and for no other', async () => {
      const { read } = contract(await world.createCurrency())
      for (const [standard, signatures] of Object.entries(interfaces)) {
        const id = signatures.reduce((sum, signature) => sum ^ BigInt(toFunctionSelector(signature)), 0n)
        expect(await read.supportsInterface([numberToHex(id, { size: 4 })]), standard).to.equal(true)
      }
      for (const id of ['0xffffffff', '0x00000000', '0x80ac58cd'] as const) {
        expect(await read.supportsInterface([id]), id).to.equal(false)
      }
    })

    it('names its metadata', async () => {
      const contractURI = 'ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi'
      expect(await contract(await world.createCurrency({ contractURI })).read.contractURI()).to.equal(contractURI)
    })
  })
})
