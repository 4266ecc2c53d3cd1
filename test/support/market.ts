import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Gate } from '@scrip/sdk/admission'
import { createCurrency, mint, type ScripClient } from '@scrip/sdk/chain'
import { createPayee, type Payee } from '@scrip/sdk/channels'
import { type PayingFetch, type PayingFetchParameters, type PaymentEvent, payingFetch } from '@scrip/sdk/client'
import { type PaywallParameters, paywall } from '@scrip/sdk/peer'
import { memoryStore, type Store } from '@scrip/sdk/store'
import { deployScrip, type NetworkConnection } from '@scrip/sdk/testing'
import { type Address, createWalletClient, custom, type PrivateKeyAccount, parseEther, toHex } from 'viem'
import { generatePrivateKey, mnemonicToAccount, privateKeyToAccount } from 'viem/accounts'
import { addresses } from '../../sdk/chain/addresses.ts'
import { DEV_MNEMONIC } from '../../sdk/cli/localChain.ts'

/** Somebody with a key, coins for gas and some of the currency. */
export type Person = { readonly account: PrivateKeyAccount; readonly client: ScripClient }

/** A chain with everything deployed, and one currency. */
export type Market = {
  readonly chainId: number
  readonly currency: Address
  readonly issuer: Person
  readonly provider: NetworkConnection['provider']
  /** Somebody new, or with a key that is there, with `grant` base units of the currency. */
  person(grant?: bigint, account?: PrivateKeyAccount): Promise<Person>
}

const GRANT = 10n ** 9n

/** Brings a market into a connection of Hardhat. */
export async function openMarket({ provider }: NetworkConnection): Promise<Market> {
  const { chainId } = await deployScrip({ provider })
  const as = (account: PrivateKeyAccount) =>
    createWalletClient({ account, transport: custom(provider, { retryCount: 0 }), pollingInterval: 5 })
  const issuerAccount = mnemonicToAccount(DEV_MNEMONIC) as unknown as PrivateKeyAccount
  const issuer = { account: issuerAccount, client: as(issuerAccount) }
  const { currency } = await createCurrency(issuer.client, { name: 'Test dollar', symbol: 'TST', decimals: 6 })
  return {
    chainId,
    currency,
    issuer,
    provider,
    person: async (grant = GRANT, account = privateKeyToAccount(generatePrivateKey())) => {
      await provider.request({ method: 'hardhat_setBalance', params: [account.address, toHex(parseEther('10'))] })
      if (grant > 0n) await mint(issuer.client, { currency, to: account.address, amount: grant })
      return { account, client: as(account) }
    },
  }
}

/** What `openShop` takes besides the handler. */
export type ShopOptions = {
  seller: Person
  perKilobyte?: bigint
  store?: Store
  admission?: Gate
  patience?: number
  port?: number
  /** The currency to be paid in; the market's where nothing is said. */
  currency?: Address
  price?: PaywallParameters<IncomingMessage>['price']
  quoteSeconds?: number
  quoteSecret?: string
  receiptSigner?: PrivateKeyAccount
  onError?: (error: unknown) => void
  /** Another shop's payee, to sell at another price for the same purse. */
  payee?: Payee
}

/** A server, and where it listens. */
export type Site = { url: string; port: number; server: Server; close(): Promise<void> }

/** A server that is paid. */
export type Shop = Site & {
  payee: Payee
  /** What was paid to it, and what it served for that, in base units over all channels. */
  books(): Promise<{ accepted: bigint; charged: bigint; credit: bigint }>
}

/** Opens a shop on 127.0.0.1. */
export async function openShop(market: Market, handler: RequestListener, options: ShopOptions): Promise<Shop> {
  const { seller, perKilobyte = 1n, store = memoryStore(), port = 0, currency = market.currency, ...more } = options
  const accept = {
    chainId: market.chainId,
    contract: addresses.paymentChannels,
    currencies: [...new Set([market.currency, currency])],
    maxExposure: 0n,
  }
  const payee = options.payee ?? createPayee({ account: seller.account, store, accept })
  const { payee: _, price = { perKilobyte }, ...terms } = more
  const listener = paywall({ ...terms, payee, client: seller.client, price, currency }, handler)
  const books = async () => {
    const sums = { accepted: 0n, charged: 0n, credit: 0n }
    for (const { channel } of await payee.claimable()) {
      const standing = await payee.standing(channel.id)
      sums.accepted += standing.accepted
      sums.charged += standing.charged
      sums.credit += standing.credit
    }
    return sums
  }
  return { ...(await listen(listener, port)), payee, books }
}

/** Serves on a port of 127.0.0.1, a free one where 0 is asked for. */
export async function listen(listener: RequestListener, port = 0): Promise<Site> {
  const server = createServer(listener)
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const { port: taken } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${taken}`,
    port: taken,
    server,
    close: async () => {
      if (!server.listening) return
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** A fetch that pays, with what it paid. */
export type Buyer = { fetch: PayingFetch; payments: PaymentEvent[]; store: Store; spent(): bigint }

/** What `newBuyer` takes besides the person. */
export type BuyerOptions = Partial<Omit<PayingFetchParameters, 'client' | 'signer' | 'onPayment'>>

/** Somebody as a buyer. */
export function newBuyer({ account, client }: Person, options: BuyerOptions = {}): Buyer {
  const { store = memoryStore(), limits = { perRequest: 1_000_000n }, ...more } = options
  const payments: PaymentEvent[] = []
  return {
    fetch: payingFetch({ client, signer: account, store, limits, onPayment: (event) => payments.push(event), ...more }),
    payments,
    store,
    spent: () => payments.reduce((sum, { amount }) => sum + amount, 0n),
  }
}

/** Bytes that differ from place to place, the same at every call. */
export function bytes(length: number): Uint8Array {
  const body = new Uint8Array(length)
  let state = 1
  for (let i = 0; i < length; i++) {
    state = (state * 1_103_515_245 + 12_345) & 0x7fffffff
    body[i] = state >> 16
  }
  return body
}
