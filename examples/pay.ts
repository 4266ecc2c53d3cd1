// Opens a channel, pays through it, and claims. Start a chain first: `npx scrip dev`.
// #region pay
import { scripActions } from '@scrip/sdk'
import { createPayee, createPayer } from '@scrip/sdk/channels'
import { memoryStore } from '@scrip/sdk/store'
import { createWalletClient, http, publicActions } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'

const words = 'test test test test test test test test test test test junk'
const [buyer, seller] = [mnemonicToAccount(words), mnemonicToAccount(words, { addressIndex: 1 })]
const transport = http('http://127.0.0.1:8545')
const client = createWalletClient({ account: buyer, transport }).extend(publicActions).extend(scripActions())

const { currency } = await client.createCurrency({ name: 'Alice hour', symbol: 'AHR', decimals: 6 })
await client.mint({ currency, to: buyer.address, amount: 100_000000n })
const channel = await client.openChannel({ payee: seller.address, currency, deposit: 10_000000n, signer: buyer })
const payer = createPayer({ channel, signer: buyer, store: memoryStore(), tickAmount: 250n })
const accept = { ...channel, currencies: [currency], maxExposure: 0n }
const payee = createPayee({ account: seller, store: memoryStore(), accept })
await payee.observe(channel, await client.getChannelState({ channelId: channel.id }))
for (let n = 1; n < 1000; n++) await payee.accept(await payer.pay(250n))
const { credit } = await payee.accept(await payer.pay(250n))
const { paid } = await client.claim({ claim: (await payee.claimable())[0] })
console.log(`${credit} base units paid in 1000 payments, ${paid} claimed in one transaction`)
// #endregion
