import { currencyMessages } from '@scrip/sdk'
import { issuerCurrencyAbi } from '@scrip/sdk/abi'
import { authorizationTypes } from '@x402/evm'
import { expect } from 'chai'
import { type Address, bytesToHex, getContract, type Hex, parseAbi, size, toHex } from 'viem'
import { deployWallet } from './support/contractWallets.ts'
import { nested, newAccount, type Payer, payersAgainstTheirCode, payersWithCode, plain } from './support/payers.ts'
import { refusal } from './support/refusal.ts'
import { type Person, startWorld, type World } from './support/world.ts'

/** The messages of ERC-3009. */
const types = {
  ...authorizationTypes,
  ReceiveWithAuthorization: authorizationTypes.TransferWithAuthorization,
  CancelAuthorization: [
    { name: 'authorizer', type: 'address' },
    { name: 'nonce', type: 'bytes32' },
  ],
}

const fields = 'address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce'
/** ERC-3009 with signatures as bytes, and the errors that a currency refuses with. */
const abi = [
  ...parseAbi([
    `function transferWithAuthorization(${fields}, bytes signature)`,
    `function receiveWithAuthorization(${fields}, bytes signature)`,
    'function cancelAuthorization(address authorizer, bytes32 nonce, bytes signature)',
    'function authorizationState(address authorizer, bytes32 nonce) view returns (bool)',
    'function balanceOf(address account) view returns (uint256)',
  ]),
  ...issuerCurrencyAbi.filter((item) => item.type === 'error'),
] as const

const forever = 2n ** 48n

describe('ERC-3009 with signatures as bytes', function () {
  this.timeout(30_000)
  let world: World
  let relayer: Person
  let payee: Person
  let currency: Address
  let twin: Address
  before(async () => {
    world = await startWorld()
    relayer = world.person(2)
    payee = world.person(3)
    // The same terms under two salts: the EIP-712 domains differ in nothing but the address.
    const terms = { name: 'Twin', symbol: 'TWN' }
    currency = await world.createCurrency(terms)
    twin = await world.createCurrency({ ...terms, salt: toHex(1, { size: 32 }) })
  })
  after(() => world.stop())

  const contract = (person: Person, address = currency) => getContract({ client: person, abi, address })
  const balance = (owner: Address) => contract(relayer).read.balanceOf([owner])
  const sign = (payer: Payer, primaryType: keyof typeof types, message: Record<string, unknown>) => {
    const domain = { name: 'Twin', version: '1', chainId: world.chainId, verifyingContract: currency }
    return payer.signTypedData({ domain, types, primaryType, message })
  }
  const authorize = async (payer: Payer, kind: 'Transfer' | 'Receive', value: bigint) => {
    const nonce = bytesToHex(crypto.getRandomValues(new Uint8Array(32)))
    const message = {
      from: payer.address,
      to: payee.account.address,
      value,
      validAfter: 0n,
      validBefore: forever,
      nonce,
    }
    const signature = await sign(payer, `${kind}WithAuthorization`, message)
    return [payer.address, payee.account.address, value, 0n, forever, nonce, signature] as const
  }
  const mined = async (sent: Promise<Hex>) => {
    const { status } = await relayer.waitForTransactionReceipt({ hash: await sent })
    expect(status).to.equal('success')
  }

  for (const [what, make] of Object.entries({ ...payersWithCode, ...payersAgainstTheirCode })) {
    describe(`by ${what}`, () => {
      let payer: Payer
      before(async () => {
        payer = await make(world)
        for (const address of [currency, twin]) {
          await world.issuer.mint({ currency: address, to: payer.address, amount: 100n })
        }
      })

      it('transfers what was signed, once', async () => {
        const earned = await balance(payee.account.address)
        const args = await authorize(payer, 'Transfer', 60n)
        expect(size(args[6]) > 65).to.equal(payer.bytes === 'nested')
        await mined(contract(relayer).write.transferWithAuthorization(args))
        expect(await balance(payer.address)).to.equal(40n)
        expect(await balance(payee.account.address)).to.equal(earned + 60n)
        const again = contract(relayer).simulate.transferWithAuthorization(args)
        expect(await refusal(again)).to.equal('AuthorizationAlreadyUsed')
      })

      it('lets only the recipient use what was signed for it', async () => {
        const earned = await balance(payee.account.address)
        const args = await authorize(payer, 'Receive', 10n)
        const byStranger = contract(relayer).simulate
        expect(await refusal(byStranger.receiveWithAuthorization(args))).to.equal('OnlyRecipient')
        expect(await refusal(byStranger.transferWithAuthorization(args))).to.equal('InvalidSignature')
        await mined(contract(payee).write.receiveWithAuthorization(args))
        expect(await balance(payee.account.address)).to.equal(earned + 10n)
      })

      it('cancels what was signed', async () => {
        const args = await authorize(payer, 'Transfer', 1n)
        const cancelled = { authorizer: payer.address, nonce: args[5] }
        const signature = await sign(payer, 'CancelAuthorization', cancelled)
        await mined(contract(relayer).write.cancelAuthorization([payer.address, args[5], signature]))
        expect(await contract(relayer).read.authorizationState([payer.address, args[5]])).to.equal(true)
        const use = contract(relayer).simulate.transferWithAuthorization(args)
        expect(await refusal(use)).to.equal('AuthorizationAlreadyUsed')
      })

      it('takes no other amount, and no signature for another currency', async () => {
        const args = await authorize(payer, 'Transfer', 1n)
        await contract(relayer).simulate.transferWithAuthorization(args)
        const [from, to, value, ...rest] = args
        const more = contract(relayer).simulate.transferWithAuthorization([from, to, value + 1n, ...rest])
        expect(await refusal(more)).to.equal('InvalidSignature')
        const elsewhere = contract(relayer, twin).simulate.transferWithAuthorization(args)
        expect(await refusal(elsewhere)).to.equal('InvalidSignature')
      })

      it('relays transferFunds as well', async () => {
        const message = {
          from: payer.address,
          recipient: payee.account.address,
          amount: 5n,
          transactionId: toHex('a reference', { size: 32 }),
          messageCounter: 1n,
          validBefore: forever,
        }
        const domain = { name: 'Twin', version: '1', chainId: world.chainId, verifyingContract: currency }
        const types = { TransferFunds: currencyMessages.TransferFunds }
        const signature = await payer.signTypedData({ domain, types, primaryType: 'TransferFunds', message })
        const held = await balance(payer.address)
        await relayer.relayTransferFunds({ request: { currency, ...message, signature } })
        expect(await balance(payer.address)).to.equal(held - 5n)
      })
    })
  }

  for (const [wallet, by] of [
    ['NestingWallet', (stranger: ReturnType<typeof newAccount>, address: Address) => nested(world, stranger, address)],
    ['PlainWallet', plain],
  ] as const) {
    it(`takes nobody’s signature but the owner’s for a ${wallet}`, async () => {
      const address = await deployWallet(relayer, wallet, newAccount().address)
      await world.issuer.mint({ currency, to: address, amount: 1n })
      const args = await authorize(by(newAccount(), address), 'Transfer', 1n)
      expect(await refusal(contract(relayer).simulate.transferWithAuthorization(args))).to.equal('InvalidSignature')
    })
  }
})
