// An issuer currency from its creation to its redemption. Start a chain first: `npx scrip dev`.
// #region connect
import { addresses, scripActions } from '@scrip/sdk'
import { bytesToHex, createWalletClient, erc20Abi, http, keccak256, maxUint256, publicActions, stringToHex } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'

const words = 'test test test test test test test test test test test junk'
const connect = (addressIndex: number) => {
  const account = mnemonicToAccount(words, { addressIndex })
  const transport = http('http://127.0.0.1:8545')
  return createWalletClient({ account, transport }).extend(publicActions).extend(scripActions())
}
const [claire, bob, carol] = [connect(0), connect(1), connect(2)]
const inTenMinutes = () => BigInt(Math.floor(Date.now() / 1000) + 600)
// #endregion

// #region create
const { currency } = await claire.createCurrency({
  name: 'Claire hour',
  symbol: 'CLH',
  decimals: 2,
  maxSupply: 10_000_00n,
  feeFlat: 20n,
  feeBps: 100,
  redemptionWindow: 7 * 24 * 3600,
  contractURI: 'https://claire.example/hours.json',
  salt: bytesToHex(crypto.getRandomValues(new Uint8Array(32))),
})
// #endregion

// #region mint
await claire.mint({ currency, to: bob.account.address, amount: 300_00n })
const grants = [bob, carol].map(({ account }) => ({ to: account.address, amount: 10_00n }))
await claire.mintMany({ currency, grants })
// #endregion

// #region permit
const spender = carol.account.address
const permit = await bob.signPermit({ currency, spender, value: 5_00n, deadline: inTenMinutes() })
await carol.permit({ currency, permit })
// #endregion

// #region authorization
const to = carol.account.address
const authorization = await bob.signTransferAuthorization({ currency, to, value: 3_00n, validBefore: inTenMinutes() })
await carol.useTransferAuthorization({ currency, authorization })

const { nonce } = await bob.signTransferAuthorization({ currency, to, value: 7_00n, validBefore: inTenMinutes() })
await bob.cancelAuthorization({ currency, nonce })
// #endregion

// #region transferFunds
const recipient = carol.account.address
const payment = await bob.transferFunds({ currency, recipient, amount: 100_00n })
console.log(`paid 10000, and a fee of ${payment.fee}, under ${payment.transactionId}`)
// #endregion

// #region relay
const order = { currency, recipient, amount: 10_00n, messageCounter: 1n, validBefore: inTenMinutes() }
const request = await bob.signTransferFunds(order)
const first = await carol.relayTransferFunds({ request })
const again = await carol.relayTransferFunds({ request })
console.log(`paid once, answered twice: ${first.fee} and ${again.fee}`)
// #endregion

// #region deposits
const { deposits, balance, cursor } = await carol.getDeposits({ currency })
for (const { from, amount, transactionId } of deposits) console.log(`${amount} from ${from} for ${transactionId}`)
const later = await carol.getDeposits({ currency, cursor, wait: 1_000 })
console.log(`${later.deposits.length} since, ${balance} in all`)
// #endregion

// #region channels
const args = [bob.account.address, addresses.paymentChannels] as const
const allowance = await bob.readContract({ address: currency, abi: erc20Abi, functionName: 'allowance', args })
console.log(`approved without limit: ${allowance === maxUint256}`)
// #endregion

// #region redeem
const termsHash = keccak256(stringToHex('Half an hour of gardening, in May'))
const { id } = await bob.redeem({ currency, amount: 50_00n, termsHash })
await claire.acceptRedemption({ currency, id })
await claire.fulfillRedemption({ currency, id, proofHash: keccak256(stringToHex('garden-before-and-after.jpg')) })
await bob.confirmRedemption({ currency, id })
console.log(await bob.getRedemption({ currency, id }))
// #endregion

// #region record
const { minted, redeemed, defaulted, disputed, lapsed } = await bob.getRecord({ currency })
console.log({ minted, redeemed, defaulted, disputed, lapsed })
// #endregion

// #region issuer
await claire.transferIssuer({ currency, next: carol.account.address })
await carol.acceptIssuer({ currency })
const { issuer } = await bob.getCurrency({ currency })
const created = await bob.listCurrencies({ issuer: claire.account.address })
console.log(`issued by ${issuer}, one of ${created.length} that Claire created`)
// #endregion
