/**
 * The peer under load: `peer.ts <rpc> <currency> <payee> <store> <port>`. Sends its port when it listens; answers `memory` with
 * what it holds after a collection, and `close` by closing its store and ending.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { addresses } from '@scrip/sdk/chain'
import { createPayee } from '@scrip/sdk/channels'
import { KILOBYTE } from '@scrip/sdk/http'
import { paywall } from '@scrip/sdk/peer'
import { sqliteStore } from '@scrip/sdk/store'
import { type Address, createWalletClient, http } from 'viem'
import { foundry } from 'viem/chains'

const [rpc = '', currency = '0x', address = '0x', path = '', port = '0'] = process.argv.slice(2) as Address[]
const store = sqliteStore(path)
const accept = { chainId: foundry.id, contract: addresses.paymentChannels, currencies: [currency], maxExposure: 0n }
const client = createWalletClient({ chain: foundry, transport: http(rpc, { retryCount: 0 }) })
const payee = createPayee({ account: { address }, store, accept })
const goods = { small: Buffer.alloc(KILOBYTE, 'x'), large: Buffer.alloc(256 * KILOBYTE, 'x') }

const listener = paywall(
  // What fails at the node is injected; strangers are told of it, and counted.
  { payee, client, price: { perKilobyte: 1n }, currency, patience: 5_000, onError: () => {} },
  (request, response) => void response.end(request.url === '/large' ? goods.large : goods.small),
)
const server = createServer(listener).listen(Number(port), '127.0.0.1')
await once(server, 'listening')

process.on('message', async (message) => {
  if (message === 'close') {
    server.close()
    server.closeAllConnections()
    await store.close()
    process.exit()
  }
  // What is freed by finalizers goes with the second one.
  for (let collection = 0; collection < 3; collection++) {
    globalThis.gc?.()
    await new Promise(setImmediate)
  }
  const { heapUsed, external, rss } = process.memoryUsage()
  process.send?.({ held: heapUsed + external, rss })
})
process.on('disconnect', () => process.exit())
process.send?.((server.address() as AddressInfo).port)
