// A viewer buys a ticket from a publisher, and reads the film from the storage peer where it lies: both are paid in one currency,
// and neither has to know the other's prices.
// SCRIP_RPC_URL, SCRIP_KEY, FILM_URL, LIMIT (base units that one download may cost)
import { createReadStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { payingFetch } from '@scrip/sdk/client'
import { createRootBuilder, decryptFile } from '@scrip/sdk/market'
import { sqliteStore } from '@scrip/sdk/store'
import { connect, setting, type Ticket } from './connect.ts'

const client = connect()

// #region watch
const pay = payingFetch({
  client,
  signer: client.account,
  store: sqliteStore('paying.db'),
  limits: { perRequest: BigInt(setting('LIMIT')) },
})
const sold = await pay(setting('FILM_URL'))
const ticket = (await sold.json()) as Ticket

const film = await pay(ticket.url)
if (!film.ok || film.body === null) throw new Error(`The storage peer answers ${film.status}.`)
await writeFile('film.age', film.body)
// #endregion

// #region check
const builder = createRootBuilder()
for await (const bytes of createReadStream('film.age')) builder.add(bytes)
// Whoever gave the bytes: they are those that the publisher sold, or they are none.
if (builder.finish() !== ticket.root) throw new Error('The storage peer gave something else.')
await decryptFile({ source: 'film.age', target: 'film', identity: ticket.identity })
// #endregion
console.log(`Watched ${ticket.bytes} bytes`)
