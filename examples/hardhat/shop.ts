// Scrip on the chain of a Hardhat project's own tests. Run it with `node shop.ts` after `npx hardhat build`.
// #region deploy
import { deployScrip } from '@scrip/sdk/testing'
import { CurrencyFactory__factory, IssuerCurrency__factory } from '@scrip/sdk/typechain'
import { network } from 'hardhat'

const connection = await network.create()
const { addresses } = await deployScrip(connection)
// #endregion

// #region currency
const { ethers } = connection
const [issuer, holder] = await ethers.getSigners()
if (issuer === undefined || holder === undefined) throw new Error('The network has no accounts')

const config = {
  name: 'Claire dollar',
  symbol: 'CLD',
  decimals: 6,
  maxSupply: 1_000_000_000n,
  feeFlat: 0n,
  feeBps: 0,
  redemptionWindow: 0,
  contractURI: '',
}
const factory = CurrencyFactory__factory.connect(addresses.currencyFactory, issuer)
const currency = await factory.predictCurrency(issuer.address, config, ethers.ZeroHash)
await factory.createCurrency(config, ethers.ZeroHash)
const claireDollar = IssuerCurrency__factory.connect(currency, issuer)
await claireDollar.mint(holder.address, 250n)
// #endregion

const shop = await ethers.deployContract('Shop', [addresses.paymentChannels])
const channel = {
  payer: holder.address,
  payee: issuer.address,
  token: currency,
  signer: holder.address,
  exitDelay: 3_600,
  flags: 0,
  salt: ethers.ZeroHash,
}
const earned: bigint = await shop.getFunction('earned').staticCall(channel)
console.log(`${await claireDollar.name()}: ${await claireDollar.balanceOf(holder.address)} held, ${earned} earned`)
