/**
 * A stock x402 server in a process of its own: `x402SellerProcess.ts <store> <rpc> <payee> <currency> <port>`. Sends its port
 * when it listens, and the path of every answer that it begins. `/hanging` is never answered.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { addresses } from '@scrip/sdk/chain'
import { createPayee } from '@scrip/sdk/channels'
import { x402ChannelFacilitator, x402ChannelServer } from '@scrip/sdk/peer'
import { sqliteStore } from '@scrip/sdk/store'
import { x402ResourceServer } from '@x402/core/server'
import { type Address, createWalletClient, http } from 'viem'
import { foundry } from 'viem/chains'
import { servers } from './x402Servers.ts'

const [path = '', rpc = '', payTo = '0x', currency = '0x', port = '0'] = process.argv.slice(2) as Address[]
const client = createWalletClient({ chain: foundry, transport: http(rpc) })
const accept = {
  chainId: foundry.id,
  contract: addresses.paymentChannels,
  currencies: [currency],
  maxExposure: 0n,
}
const payee = createPayee({ account: { address: payTo }, store: sqliteStore(path), accept })
const channels = x402ChannelFacilitator({ client, payees: [payee] })
const network = `eip155:${foundry.id}` as const
const server = new x402ResourceServer(channels).register(network, x402ChannelServer({ facilitator: channels }))
const accepts = { scheme: 'channel', network, payTo, price: { asset: currency, amount: '1000' } }

const listener = servers.express(
  server,
  { 'GET /report': { accepts }, 'GET /hanging': { accepts } },
  {
    '/report': async () => [200, 'It rains.'],
    '/hanging': () => {
      process.send?.('hanging')
      return new Promise(() => {})
    },
  },
)
const listening = createServer(listener).listen(Number(port), '127.0.0.1')
await once(listening, 'listening')
process.send?.((listening.address() as AddressInfo).port)
