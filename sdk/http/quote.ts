import { type Address, isAddress } from 'viem'
import { ScripError } from '../errors/ScripError.ts'

/** What something costs and how to pay for it. */
export type Quote = {
  readonly chainId: number
  /** The `PaymentChannels` contract that the payee takes channels of. */
  readonly contract: Address
  readonly currency: Address
  readonly payee: Address
  /** Base units for each started 1,024 bytes of the answer's body. */
  readonly perKilobyte: bigint
}

/** The scheme by which peers of this package are paid as their answers flow. */
export const QUOTE_SCHEME = 'scrip-channel'

/** The value of the `PAYMENT-REQUIRED` header for a quote: the shape is x402's, version 2, the scheme ours. */
export function writeQuote({ chainId, contract, currency, payee, perKilobyte }: Quote, url: string): string {
  const required = {
    x402Version: 2,
    resource: { url },
    accepts: [
      {
        scheme: QUOTE_SCHEME,
        network: `eip155:${chainId}`,
        asset: currency,
        amount: perKilobyte.toString(),
        payTo: payee,
        maxTimeoutSeconds: 60,
        extra: { contract, unit: 'kilobyte' },
      },
    ],
  }
  return btoa(JSON.stringify(required))
}

/**
 * The quote in a `PAYMENT-REQUIRED` header.
 * @throws `PROTOCOL_VIOLATION` where there is none that this version can pay.
 */
export function readQuote(value: string | null): Quote {
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
  const quote = Array.isArray(offers) ? offers.map(readOffer).find((offer) => offer !== undefined) : undefined
  if (quote === undefined) throw unreadable()
  return quote
}

function readOffer(offer: unknown): Quote | undefined {
  const { scheme, network, asset, amount, payTo, extra } = (offer ?? {}) as { [field: string]: unknown }
  const { contract, unit } = (extra ?? {}) as { [field: string]: unknown }
  const chainId = /^eip155:(\d{1,15})$/.exec(String(network))?.[1]
  const fits =
    scheme === QUOTE_SCHEME &&
    unit === 'kilobyte' &&
    chainId !== undefined &&
    /^[1-9]\d{0,28}$/.test(String(amount)) &&
    [asset, payTo, contract].every((address) => isAddress(String(address), { strict: false }))
  if (!fits) return undefined
  return {
    chainId: Number(chainId),
    contract: lower(contract),
    currency: lower(asset),
    payee: lower(payTo),
    perKilobyte: BigInt(String(amount)),
  }
}

function lower(address: unknown): Address {
  return String(address).toLowerCase() as Address
}
