// A fetch that pays, and the policy by which it does. Start a chain first: `npx scrip dev`.
// #region connect
import { createServer } from 'node:http'
import { scripActions } from '@scrip/sdk'
import { addresses } from '@scrip/sdk/abi'
import { createPayee } from '@scrip/sdk/channels'
import { payingFetch } from '@scrip/sdk/client'
import { ScripError } from '@scrip/sdk/errors'
import { paywall } from '@scrip/sdk/peer'
import { eigenTrust, Graph, maxFlow } from '@scrip/sdk/reputation'
import { memoryStore } from '@scrip/sdk/store'
import { type Address, createWalletClient, http, parseEther, publicActions } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'

const words = 'test test test test test test test test test test test junk'
const connect = (addressIndex: number) => {
  const account = mnemonicToAccount(words, { addressIndex })
  const transport = http('http://127.0.0.1:8545')
  return createWalletClient({ account, transport }).extend(publicActions).extend(scripActions())
}
const [buyer, seller] = [connect(0), connect(1)]
const { currency } = await buyer.createCurrency({ name: 'News hour', symbol: 'NHR', decimals: 2 })
await buyer.mint({ currency, to: buyer.account.address, amount: 1_000_00n })
// #endregion

// #region sell
const chainId = await seller.getChainId()
const accept = { chainId, contract: addresses.paymentChannels, currencies: [currency], maxExposure: 0n }
const payee = createPayee({ account: seller.account, store: memoryStore(), accept })
const news = 'Nothing happened. '.repeat(5_000)
const selling = paywall({ payee, client: seller, price: { perKilobyte: 1n }, currency }, (_request, response) => {
  response.writeHead(200, { 'content-length': news.length, etag: '"today"' }).end(news)
})
const server = createServer(selling)
const port = 8402
await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening))
// #endregion

// #region pay
const store = memoryStore()
const pay = payingFetch({
  client: buyer,
  signer: buyer.account,
  store,
  limits: { perRequest: 5_00n, perPayee: 50_00n, perDay: 20_00n },
  onPayment: ({ amount, url }) => console.log(`${amount} base units for ${url}`),
})
const answer = await pay(`http://127.0.0.1:${port}/news`)
console.log(`${(await answer.text()).length} characters of news`)
// #endregion

// #region rates
const inDollars = payingFetch({
  client: buyer,
  signer: buyer.account,
  store,
  // One hour, which has two decimals, is 25 dollars; the limits are in millionths of a dollar.
  currencies: { [currency]: parseEther('250000') },
  limits: { perRequest: 50_000000n, perDay: 200_000000n },
})
await (await inDollars(`http://127.0.0.1:${port}/news`)).text()
// #endregion

// #region trust
const friend = connect(2).account.address
const graph = Graph.fromEdges([
  [buyer.account.address, friend, 40n],
  [friend, seller.account.address, 25n],
])
const byFlow = {
  score: (payee: Address) => maxFlow(graph, buyer.account.address, payee).value,
  least: 30n,
}
const { scores } = eigenTrust(graph, { seeds: [buyer.account.address] })
const byTrust = { score: (payee: Address) => scores.get(payee) ?? 0, least: 0.01 }

const policy = { client: buyer, signer: buyer.account, store, limits: { perRequest: 5_00n } }
const careful = payingFetch({ ...policy, trust: byFlow })
const refusal = await careful(`http://127.0.0.1:${port}/news`).catch((error) => error)
if (refusal instanceof ScripError) console.log(`${refusal.code}: ${refusal.message}`)
await (await payingFetch({ ...policy, trust: byTrust })(`http://127.0.0.1:${port}/news`)).text()
// #endregion

// #region resume
const steady = payingFetch({ ...policy, resume: 5 })
await (await steady(`http://127.0.0.1:${port}/news`)).text()
// #endregion

server.close()
server.closeAllConnections()
