// A price before five kinds of servers, and a fetch that pays it. Start a chain first: `npx scrip dev`.
// #region connect
import { once } from 'node:events'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { serve } from '@hono/node-server'
import { scripActions } from '@scrip/sdk'
import { addresses } from '@scrip/sdk/abi'
import { createPayee } from '@scrip/sdk/channels'
import { payingFetch, readReceipts } from '@scrip/sdk/client'
import { expressPaywall, fastifyPaywall, fetchPaywall, honoPaywall, paywall } from '@scrip/sdk/peer'
import { memoryStore } from '@scrip/sdk/store'
import express, { type Request as ExpressRequest } from 'express'
import fastify, { type FastifyRequest } from 'fastify'
import { type Context, Hono } from 'hono'
import { createWalletClient, http, publicActions } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'

const words = 'test test test test test test test test test test test junk'
const connect = (addressIndex: number) => {
  const account = mnemonicToAccount(words, { addressIndex })
  const transport = http('http://127.0.0.1:8545')
  return createWalletClient({ account, transport }).extend(publicActions).extend(scripActions())
}
const [buyer, seller] = [connect(0), connect(1)]
const { currency } = await buyer.createCurrency({ name: 'Paywall cent', symbol: 'PWC', decimals: 2 })
await buyer.mint({ currency, to: buyer.account.address, amount: 1_000_00n })
// #endregion

// #region sell
const payee = createPayee({
  account: seller.account,
  store: memoryStore(), // sqliteStore('earnings.db') where a restart must lose nothing
  accept: {
    chainId: await seller.getChainId(),
    contract: addresses.paymentChannels,
    currencies: [currency],
    maxExposure: 0n,
  },
})
const terms = { payee, client: seller, currency }

const shop = createServer(
  paywall({ ...terms, price: { perKilobyte: 1n } }, (_request, response) => {
    response.end('x'.repeat(10_000))
  }),
)
shop.listen(4021)
await once(shop, 'listening')
// #endregion

// #region express
const app = express()
const price = ({ path }: ExpressRequest) => (path === '/api/answer' ? { perCall: 5n } : undefined)
app.use(expressPaywall({ ...terms, price }))
app.get('/api/answer', (_request, response) => void response.json({ answer: 42 }))
app.get('/about', (_request, response) => void response.send('This costs nothing.'))
const expressServer = app.listen(4022)
await once(expressServer, 'listening')
// #endregion

// #region fastify
const server = fastify({ forceCloseConnections: true })
await server.register(fastifyPaywall({ ...terms, price: (_: FastifyRequest) => ({ perCall: 2n }) }))
server.get('/word', async () => ({ word: 'scrip' }))
await server.listen({ port: 4023 })
// #endregion

// #region hono
const wall = honoPaywall<Context>({ ...terms, price: { perSecond: 3n } })
const hono = new Hono()
hono.use('/.well-known/scrip/*', wall)
hono.get('/events', wall, () => {
  let number = 0
  const events = new ReadableStream({
    pull: async (controller) => {
      controller.enqueue(new TextEncoder().encode(`data: ${++number}\n\n`))
      if (number === 3) controller.close()
      else await sleep(500)
    },
  })
  return new Response(events, { headers: { 'content-type': 'text/event-stream' } })
})
const honoServer = serve({ fetch: hono.fetch, port: 4024 })
await once(honoServer, 'listening')
// #endregion

// #region fetch
const sell = fetchPaywall({ ...terms, price: { perCall: 4n }, receiptSigner: seller.account }, (request: Request) => {
  return new Response(`You asked for ${new URL(request.url).pathname}.`)
})
const fetchServer = serve({ fetch: (request) => sell(request), port: 4025 })
await once(fetchServer, 'listening')
// #endregion

// #region buy
const store = memoryStore()
const pay = payingFetch({
  client: buyer,
  signer: buyer.account,
  store,
  limits: { perRequest: 50n },
  tolerance: 0.1,
  onPayment: ({ url, amount, price, unit }) => console.log(`${url}: ${amount} at ${price} a ${unit}`),
})
for (const path of ['4021/file', '4022/api/answer', '4022/about', '4023/word', '4024/events', '4025/thing']) {
  const answer = await pay(`http://127.0.0.1:${path}`)
  console.log(`${answer.status} ${(await answer.text()).length} bytes`)
}
// #endregion

// #region receipts
await sleep(100) // Receipts are asked for behind the answers.
for (const { resource, charged, bytes, signature } of await readReceipts(store)) {
  console.log(`${resource}: ${charged} for ${bytes} bytes, ${signature ? 'signed' : 'not signed'}`)
}
// #endregion

shop.closeAllConnections()
shop.close()
expressServer.closeAllConnections()
expressServer.close()
await server.close()
for (const each of [honoServer, fetchServer]) each.close()
