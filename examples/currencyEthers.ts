// An issuer currency through ethers and the generated types. Start a chain first: `npx scrip dev`.
// #region create
import { addresses } from '@scrip/sdk'
import { CurrencyFactory__factory, IssuerCurrency__factory } from '@scrip/sdk/typechain'
import { HDNodeWallet, hexlify, id, JsonRpcProvider, MaxUint256, randomBytes, Signature } from 'ethers'

const words = 'test test test test test test test test test test test junk'
const provider = new JsonRpcProvider('http://127.0.0.1:8545', undefined, { cacheTimeout: -1 })
const connect = (index: number) => HDNodeWallet.fromPhrase(words, '', `m/44'/60'/0'/0/${index}`).connect(provider)
const [issuer, holder, shop] = [connect(0), connect(1), connect(2)]

const config = {
  name: 'Dora hour',
  symbol: 'DOH',
  decimals: 2,
  maxSupply: 10_000_00n,
  feeFlat: 20n,
  feeBps: 100,
  redemptionWindow: 7 * 24 * 3600,
  contractURI: '',
}
const salt = hexlify(randomBytes(32))
const factory = CurrencyFactory__factory.connect(addresses.currencyFactory, issuer)
const address = await factory.predictCurrency(issuer.address, config, salt)
await (await factory.createCurrency(config, salt)).wait()

const currency = IssuerCurrency__factory.connect(address, issuer)
await (await currency.mint(holder.address, 300_00n)).wait()
// #endregion

// #region permit
const { name, version, chainId, verifyingContract } = await currency.eip712Domain()
const types = {
  Permit: [
    { name: 'owner', type: 'address' },
    { name: 'spender', type: 'address' },
    { name: 'value', type: 'uint256' },
    { name: 'nonce', type: 'uint256' },
    { name: 'deadline', type: 'uint256' },
  ],
}
const nonce = await currency.nonces(holder.address)
const message = { owner: holder.address, spender: shop.address, value: 5_00n, nonce, deadline: MaxUint256 }
const signed = await holder.signTypedData({ name, version, chainId, verifyingContract }, types, message)
const { v, r, s } = Signature.from(signed)
const byShop = currency.connect(shop)
await (await byShop.permit(holder.address, shop.address, 5_00n, MaxUint256, v, r, s)).wait()
await (await byShop.transferFrom(holder.address, shop.address, 5_00n)).wait()
// #endregion

// #region deposits
const byHolder = currency.connect(holder)
await (await byHolder.transferFunds(shop.address, 100_00n, id('invoice 7'))).wait()
for (const { args } of await currency.queryFilter(currency.filters.Deposited(undefined, shop.address))) {
  console.log(`${args.amount} from ${args.from}, who paid a fee of ${args.fee}`)
}
// #endregion

// #region redeem
const receipt = await (await byHolder.redeem(50_00n, id('Half an hour of gardening'))).wait()
const mine = currency.filters.RedemptionRequested(undefined, holder.address)
const [
  {
    args: { id: redemption },
  },
] = await currency.queryFilter(mine, receipt?.blockNumber)
await (await currency.accept(redemption)).wait()
await (await currency.fulfill(redemption, id('garden.jpg'))).wait()
await (await byHolder.confirm(redemption)).wait()
const { redeemed } = await currency.record()
console.log(`${redeemed} redeemed`)
// #endregion
provider.destroy()
