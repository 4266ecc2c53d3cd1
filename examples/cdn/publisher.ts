// A publisher stores a film with a storage peer, encrypted, and sells tickets: what opens it, and where it lies. It pays for the
// space and for writing into it; its viewers pay it for a ticket, and the storage peer for what they read.
// SCRIP_RPC_URL, SCRIP_KEY, STORAGE_URL, FILM (a file), CURRENCY, PRICE (base units of a ticket), PORT
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { addresses } from '@scrip/sdk/abi'
import { createPayee } from '@scrip/sdk/channels'
import { createBuyer, encryptFile, openIdentity } from '@scrip/sdk/market'
import { paywall } from '@scrip/sdk/peer'
import { sqliteStore } from '@scrip/sdk/store'
import { type Address, getAddress } from 'viem'
import { connect, setting, type Ticket } from './connect.ts'

const client = connect()
const currency: Address = getAddress(setting('CURRENCY'))
const url = setting('STORAGE_URL')

// #region publish
const identity = await openIdentity('film.key', { isNew: true })
await encryptFile({ source: setting('FILM'), target: 'film.age', identity })
const buyer = createBuyer({ client, signer: client.account, store: sqliteStore('storing.db') })
const offer = await buyer.readOffer(url)
const { id } = await buyer.agree({ offer, url, size: 100_000_000, seconds: 14 * 86_400, currency })
const { root, size } = await buyer.storePiece({ agreement: id, path: 'film.age' })
const ticket: Ticket = { url: `${url}/storage/${id}/${root}`, root, bytes: size, identity }
// #endregion

// #region sell
const chainId = await client.getChainId()
const accept = { chainId, contract: addresses.paymentChannels, currencies: [currency], maxExposure: 0n }
const payee = createPayee({ account: client.account, store: sqliteStore('earnings.db'), accept })
const price = { perCall: BigInt(setting('PRICE')) }
const box = paywall({ payee, client, price, currency }, (_request, response) => {
  const body = JSON.stringify(ticket)
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body)
})
const server = createServer(box).listen(Number(setting('PORT')), '127.0.0.1', () => {
  console.log(
    `Tickets for ${size} bytes at http://127.0.0.1:${(server.address() as AddressInfo).port}/film; Ctrl-C claims`,
  )
})
// #endregion

// #region claim
const end = async () => {
  server.close()
  const { paid } = await client.claimBatch({ claims: await payee.claimable() })
  console.log(`Claimed ${paid.reduce((sum, amount) => sum + amount, 0n)} base units`)
  process.exit()
}
process.once('SIGINT', end).once('SIGTERM', end)
// #endregion
