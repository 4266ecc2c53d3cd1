// Payment channels from every side: payer, payee, relay, settlement, watchtower. Start a chain first: `npx scrip dev`.
// #region connect
import { scripActions } from '@scrip/sdk'
import { createPayee, createPayer } from '@scrip/sdk/channels'
import { createSettler, createWatchtower } from '@scrip/sdk/settlement'
import { memoryStore } from '@scrip/sdk/store'
import { createWalletClient, http, publicActions } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'

const words = 'test test test test test test test test test test test junk'
const connect = (addressIndex: number) => {
  const account = mnemonicToAccount(words, { addressIndex })
  const transport = http('http://127.0.0.1:8545')
  return createWalletClient({ account, transport }).extend(publicActions).extend(scripActions())
}
const [buyer, seller, relay] = [connect(0), connect(1), connect(2)]
const inTenMinutes = () => BigInt(Math.floor(Date.now() / 1000) + 600)

const { currency } = await buyer.createCurrency({ name: 'Channel hour', symbol: 'CHH', decimals: 2 })
await buyer.mint({ currency, to: buyer.account.address, amount: 1_000_00n })
// #endregion

// #region open
const payee = seller.account.address
const channel = await buyer.openChannel({ payee, currency, deposit: 20_00n, exitDelay: 3600 })
const { funded } = await buyer.topUp({ channel, amount: 5_00n })
// #endregion

// #region gasless
const wished = await buyer.describeChannel({ payee, currency })
const funding = await buyer.signFunding({ channel: wished, amount: 10_00n, validBefore: inTenMinutes() })
await relay.relayFunding({ funding })
// #endregion

// #region pay
const payer = createPayer({
  channel: { ...channel, funded },
  signer: buyer.account,
  store: memoryStore(),
  tickAmount: 1n,
})
const receiver = createPayee({
  account: seller.account,
  store: memoryStore(),
  accept: { ...channel, currencies: [currency], maxExposure: 0n },
})
await receiver.observe(channel, await seller.getChannelState({ channelId: channel.id }))
for (let n = 0; n < 300; n++) await receiver.accept(await payer.pay(1n))
const { credit } = await receiver.standing(channel.id)
console.log(`${credit} base units of credit`)
// #endregion

// #region settle
const settler = createSettler({
  client: seller,
  store: memoryStore(),
  source: receiver,
  rules: { value: () => 2_00n, age: 24 * 3600 },
  onSettled: ({ paid, gasUsed }) => console.log(`settled ${[...paid.values()]} for ${gasUsed} gas`),
})
await settler.settle()
// #endregion

// #region watch
await receiver.accept(await payer.pay(50n))
const tower = createWatchtower({ client: relay, store: memoryStore() })
for (const claim of await receiver.claimable()) await tower.watch(claim)

await buyer.requestExit({ channel })
await tower.settle()
console.log(`claimed ${(await seller.getChannelState({ channelId: channel.id })).claimed} in all`)
// #endregion

// #region purse
const { balance } = await buyer.fundPurse({ currency, amount: 1_00n })
const onCredit = await buyer.describeChannel({ payee, currency, drawsOnPurse: true })
console.log(`channel ${onCredit.id.slice(0, 10)} may draw on a purse of ${balance}`)
await buyer.withdrawPurse({ currency, amount: 1_00n })
// #endregion

// #region leave
await buyer.cancelExit({ channel })
await seller.release({ channel })
const { withdrawable } = await buyer.getHoldings({ currency })
const withdrawal = await buyer.signWithdrawal({ currency, amount: withdrawable, deadline: inTenMinutes() })
await relay.relayWithdrawal({ withdrawal })
await seller.release({ channel: wished })
// #endregion
