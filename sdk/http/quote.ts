import { type Address, isAddress } from 'viem'
import { ScripError } from '../errors/ScripError.ts'
import { type Rate, readRate } from './price.ts'

/** What something costs and how to pay for it. */
export type Quote = Rate & {
  readonly chainId: number
  /** The `PaymentChannels` contract that the payee takes channels of. */
  readonly contract: Address
  readonly currency: Address
  readonly payee: Address
  /** Names the quote: a payment with it is charged at this price until it expires, however the price moves. */
  readonly id?: string
  /** Unix seconds. */
  readonly expiresAt?: number
}

/** The scheme by which peers of this package are paid as their answers flow. */
export const QUOTE_SCHEME = 'scrip-channel'

/** Seconds that a quote holds where it does not say. */
const HOLDS_SECONDS = 60

/** Offers that are read of one header. */
const MOST_OFFERS = 32

/** Characters of a quote's id at most: it comes back in a header. */
const LONGEST_ID = 128

/** The value of the `PAYMENT-REQUIRED` header for a quote: the shape is x402's, version 2, the scheme ours. */
export function writeQuote(quote: Quote, url: string): string {
  const { chainId, contract, currency, payee, unit, amount, id, expiresAt } = quote
  const left = expiresAt === undefined ? HOLDS_SECONDS : Math.max(0, expiresAt - Math.floor(Date.now() / 1000))
  const required = {
    x402Version: 2,
    resource: { url },
    accepts: [
      {
        scheme: QUOTE_SCHEME,
        network: `eip155:${chainId}`,
        asset: currency,
        amount: amount.toString(),
        payTo: payee,
        maxTimeoutSeconds: left,
        extra: { contract, unit, ...(id !== undefined && { quote: id, expiresAt }) },
      },
    ],
  }
  return btoa(JSON.stringify(required))
}

/**
 * The first quote in a `PAYMENT-REQUIRED` header.
 * @throws `PROTOCOL_VIOLATION` where there is none that this version can pay.
 */
export function readQuote(value: string | null): Quote {
  return readQuotes(value)[0]
}

/** Every quote in a `PAYMENT-REQUIRED` header: the same thing in several currencies. @throws `PROTOCOL_VIOLATION` */
export function readQuotes(value: string | null): [Quote, ...Quote[]] {
  const unreadable = (cause?: unknown) =>
    new ScripError('PROTOCOL_VIOLATION', {
      detail: 'The peer asks for a payment, but not in a way that this version knows.',
      cause,
    })
  if (value === null) throw unreadable()
  let offers: unknown
  try {
    offers = JSON.parse(atob(value)).accepts
  } catch (cause) {
    throw unreadable(cause)
  }
  const quotes = Array.isArray(offers) ? offers.slice(0, MOST_OFFERS).map(readOffer) : []
  const [first, ...others] = quotes.filter((quote) => quote !== undefined)
  if (first === undefined) throw unreadable()
  return [first, ...others]
}

function readOffer(offer: unknown): Quote | undefined {
  const { scheme, network, asset, amount, payTo, extra } = (offer ?? {}) as { [field: string]: unknown }
  const { contract, unit, quote, expiresAt } = (extra ?? {}) as { [field: string]: unknown }
  const chainId = /^eip155:(\d{1,15})$/.exec(String(network))?.[1]
  const rate = readRate(`${amount}/${unit}`)
  const fits =
    scheme === QUOTE_SCHEME &&
    chainId !== undefined &&
    [asset, payTo, contract].every((address) => isAddress(String(address), { strict: false }))
  if (!fits || rate === undefined) return undefined
  const isNamed = typeof quote === 'string' && quote.length <= LONGEST_ID && /^[\x21-\x7e]+$/.test(quote)
  return {
    chainId: Number(chainId),
    contract: lower(contract),
    currency: lower(asset),
    payee: lower(payTo),
    ...rate,
    ...(isNamed && Number.isSafeInteger(expiresAt) && { id: quote, expiresAt: Number(expiresAt) }),
  }
}

function lower(address: unknown): Address {
  return String(address).toLowerCase() as Address
}
