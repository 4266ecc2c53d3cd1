import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPayee, type Payee } from '@scrip/sdk/channels'
import type { PaymentEvent } from '@scrip/sdk/client'
import { type Buyer, createBuyer, createSeller, type Seller, type SellerParameters } from '@scrip/sdk/market'
import { memoryStore, type Store } from '@scrip/sdk/store'
import { addresses } from '../../../../sdk/chain/addresses.ts'
import { bytes, listen, type Market, type Person, type Site } from '../../../support/market.ts'

/** Prices of the paper: 10 for a megabyte for two weeks, 1 to write and 4 to read a kilobyte. */
export const PAPER = { block: 10n, perKilobyteWritten: 1n, perKilobyteRead: 4n, perLeaf: 1n }

/** A seller of storage that listens. */
export type Stall = Site & {
  seller: Seller
  payee: Payee
  folder: string
  person: Person
  /** Where it keeps what it earned. */
  store: Store
  /** What it charged, in base units over all channels. */
  charged(): Promise<bigint>
  /** Stops it, and starts it anew on the same folder and port. */
  restart(): Promise<void>
  close(): Promise<void>
}

export type StallOptions = Partial<Omit<SellerParameters, 'payee' | 'client' | 'signer'>> & {
  person?: Person
  store?: Store
  port?: number
}

const folders: string[] = []
process.on('exit', () => folders.forEach((folder) => void rmSync(folder, { recursive: true, force: true })))

/** A folder that is removed when the tests end. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'scrip-market-'))
  folders.push(folder)
  return folder
}

/** A file of bytes that differ from place to place. */
export function newFile(size: number, content: Uint8Array = bytes(size)): string {
  const path = join(newFolder(), 'file')
  writeFileSync(path, content)
  return path
}

export async function openStall(market: Market, options: StallOptions = {}): Promise<Stall> {
  const { person = await market.person(), store = memoryStore(), folder = newFolder(), port: _port, ...terms } = options
  const accept = {
    chainId: market.chainId,
    contract: addresses.paymentChannels,
    currencies: (options.prices ?? [market]).map(({ currency }) => currency),
    maxExposure: 0n,
  }
  const payee = createPayee({ account: person.account, store, accept })
  let { port = 0 } = options
  const open = async () => {
    let url = ''
    const seller = await createSeller({
      payee,
      client: person.client,
      signer: person.account,
      capacity: 2 ** 30,
      prices: [{ ...PAPER, currency: market.currency }],
      region: 'here',
      endpoints: () => [url],
      onError: () => {},
      ...terms,
      folder,
    })
    const site = await listen((request, response) => seller.listener(request, response), port)
    url = site.url
    port = site.port
    return { ...site, seller }
  }
  const opened = await open()
  const stall: Stall = {
    ...opened,
    payee,
    folder,
    person,
    store,
    charged: async () => {
      let sum = 0n
      for (const { channel } of await payee.claimable()) sum += (await payee.standing(channel.id)).charged
      return sum
    },
    restart: async () => {
      await stall.close()
      Object.assign(stall, await open(), { close: stall.close })
    },
    close: async () => {
      await stall.seller.close()
      await closeSite()
    },
  }
  const closeSite = () =>
    new Promise<void>((resolve) => {
      stall.server.close(() => resolve())
      stall.server.closeAllConnections()
    })
  return stall
}

/** Somebody who buys storage. */
export type Customer = { buyer: Buyer; person: Person; store: Store; payments: PaymentEvent[]; spent(): bigint }

export type CustomerOptions = Partial<Omit<Parameters<typeof createBuyer>[0], 'client' | 'signer'>> & {
  person?: Person
}

export async function newCustomer(market: Market, options: CustomerOptions = {}): Promise<Customer> {
  const { person = await market.person(), store = memoryStore(), ...more } = options
  const payments: PaymentEvent[] = []
  const buyer = createBuyer({
    client: person.client,
    signer: person.account,
    store,
    onPayment: (event) => payments.push(event),
    ...more,
  })
  return { buyer, person, store, payments, spent: () => payments.reduce((sum, { amount }) => sum + amount, 0n) }
}

const WEEK = 7 * 86_400

/** An agreement as of the paper: a megabyte for two weeks. */
export async function agreeAt(
  { buyer }: Customer,
  { url }: Site,
  { size = 2 ** 20, seconds = 2 * WEEK }: { size?: number; seconds?: number } = {},
) {
  const offer = await buyer.readOffer(url)
  return buyer.agree({ offer, url, size, seconds })
}
