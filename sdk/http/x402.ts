import { type Address, isAddress, zeroAddress } from 'viem'
import { ScripError } from '../errors/ScripError.ts'
import { readAmount, readPaymentHeader } from './headers.ts'
import { readProblem } from './problem.ts'

// The shapes of x402, version 2, as its packages have them in `@x402/core/types`. They are stated here, because whoever
// does not use those packages must not need them, not even for types.

/** A chain by its CAIP-2 name, `eip155:<chain id>`. */
export type X402Network = `${string}:${string}`

/** One way to pay for something. */
export type X402Requirements = {
  readonly scheme: string
  readonly network: X402Network
  /** The token. */
  readonly asset: string
  /** Base units, decimal. */
  readonly amount: string
  readonly payTo: string
  readonly maxTimeoutSeconds: number
  readonly extra: Record<string, unknown>
}

/** What a server asks for, the content of its `PAYMENT-REQUIRED` header. */
export type X402PaymentRequired = {
  readonly x402Version: number
  /** Why it asks again. */
  readonly error?: string | undefined
  readonly resource?: unknown
  readonly accepts: X402Requirements[]
  readonly extensions?: Record<string, unknown> | undefined
}

/** A payment, the content of the `PAYMENT-SIGNATURE` header. */
export type X402Payment = {
  readonly x402Version: number
  readonly resource?: unknown
  readonly accepted: X402Requirements
  readonly payload: Record<string, unknown>
  readonly extensions?: Record<string, unknown> | undefined
}

/** What became of a payment, the content of the `PAYMENT-RESPONSE` header. */
export type X402Settlement = {
  success: boolean
  errorReason?: string
  errorMessage?: string
  payer?: string
  /** Empty where nothing went to the chain. */
  transaction: string
  network: X402Network
  /** Base units. */
  amount?: string
  extra?: Record<string, unknown>
}

/** Whether a payment would be taken. */
export type X402Verdict = {
  isValid: boolean
  invalidReason?: string
  invalidMessage?: string
  payer?: string
  extra?: Record<string, unknown>
}

/** The header of a request that carries a payment. */
export const X402_PAYMENT_HEADER = 'payment-signature'

/** The header of an answer that says what became of the payment. */
export const X402_SETTLEMENT_HEADER = 'payment-response'

/** The scheme by which a channel of `PaymentChannels` pays, a request at a time. */
export const CHANNEL_SCHEME = 'channel'

/** The scheme by which an ERC-3009 authorization pays, a transaction each. */
export const EXACT_SCHEME = 'exact'

/** What requirements mean on an EVM chain. Addresses in lower case. */
export type X402Terms = {
  readonly chainId: number
  readonly asset: Address
  readonly payTo: Address
  /** Base units. */
  readonly amount: bigint
  /** How long a payment may take. */
  readonly seconds: number
}

/** What requirements of the scheme `channel` mean. */
export type ChannelTerms = X402Terms & {
  /** The `PaymentChannels` contract. */
  readonly contract: Address
}

/** What requirements of the scheme `exact` mean. */
export type ExactTerms = X402Terms & {
  /** The token's EIP-712 domain. */
  readonly name: string
  readonly version: string
}

/** What a payer sends by the scheme `channel`. */
export type ChannelPayload = {
  /** The bytes of the payment, base64url: what `SCRIP-PAYMENT` carries elsewhere. */
  readonly payment: string
  /** Base units that the payment itself is for, decimal: the rest of what it makes more is for payments that it overtook. */
  readonly amount?: string
  /** The total below which no payment of the channel is on its way any more, base units, decimal. */
  readonly arrived?: string
}

/** The terms of an offer by channel; nothing where it is none, or none that can be paid. */
export function readChannelTerms(offer: unknown): ChannelTerms | undefined {
  const terms = readTerms(offer, CHANNEL_SCHEME)
  const { contract } = extraOf(offer)
  return terms && isRealAddress(contract) ? { ...terms, contract: lower(contract) } : undefined
}

/** The terms of an offer by ERC-3009; nothing where it is none, or none that can be paid. */
export function readExactTerms(offer: unknown): ExactTerms | undefined {
  const terms = readTerms(offer, EXACT_SCHEME)
  const { name, version, assetTransferMethod = 'eip3009', paymentFlow = 'authorization' } = extraOf(offer)
  const fits =
    assetTransferMethod === 'eip3009' &&
    // Other flows are paid before the server did anything for it.
    paymentFlow === 'authorization' &&
    isShort(name) &&
    isShort(version)
  return terms && fits ? { ...terms, name, version } : undefined
}

function readTerms(offer: unknown, wanted: string): X402Terms | undefined {
  const { scheme, network, asset, amount, payTo, maxTimeoutSeconds } = (offer ?? {}) as Record<string, unknown>
  const chainId = /^eip155:([1-9]\d{0,14})$/.exec(String(network))?.[1]
  const isPrice = typeof amount === 'string' && /^[1-9]\d{0,28}$/.test(amount)
  const isTime = typeof maxTimeoutSeconds === 'number' && maxTimeoutSeconds > 0 && Number.isFinite(maxTimeoutSeconds)
  if (scheme !== wanted || chainId === undefined || !isPrice || !isTime) return undefined
  if (!isRealAddress(asset) || !isRealAddress(payTo)) return undefined
  return {
    chainId: Number(chainId),
    asset: lower(asset),
    payTo: lower(payTo),
    amount: BigInt(amount),
    seconds: maxTimeoutSeconds,
  }
}

/** The payment and what its payer says of it. @throws `PAYMENT_MALFORMED` */
export function readChannelPayload(content: { readonly [field: string]: unknown }): {
  readonly bytes: Uint8Array
  readonly statement: { readonly amount?: bigint; readonly arrived?: bigint }
} {
  const payload = isRecord(content) ? content : {}
  const { payment } = payload
  if (typeof payment !== 'string') {
    throw new ScripError('PAYMENT_MALFORMED', { detail: 'The payload holds no payment.' })
  }
  const statement: { amount?: bigint; arrived?: bigint } = {}
  for (const field of ['amount', 'arrived'] as const) {
    if (payload[field] === undefined) continue
    const amount = readAmount(payload[field])
    if (amount === undefined) {
      throw new ScripError('PAYMENT_MALFORMED', { detail: `The payload’s ${field} is no amount of base units.` })
    }
    statement[field] = amount
  }
  return { bytes: readPaymentHeader(payment), statement }
}

/**
 * The coded error with which a server asks again for a payment by channel; nothing where it gives none. The scheme brings it
 * in its own offer, because x402 has room for no more than a word.
 */
export function readChannelProblem(accepts: readonly X402Requirements[]): ScripError | undefined {
  for (const offer of accepts) {
    const { problem } = extraOf(offer)
    if (offer.scheme === CHANNEL_SCHEME && problem !== undefined) return readProblem(402, JSON.stringify(problem))
  }
  return undefined
}

/** What a server asks for, from its `PAYMENT-REQUIRED` header; nothing where that is not x402's, version 2. */
export function readPaymentRequired(header: string): X402PaymentRequired | undefined {
  const { x402Version, error, resource, accepts, extensions } = (readJson(header) ?? {}) as Record<string, unknown>
  if (x402Version !== 2 || !Array.isArray(accepts)) return undefined
  return {
    x402Version,
    ...(typeof error === 'string' && { error }),
    resource,
    accepts: accepts.filter((offer) => typeof offer === 'object' && offer !== null),
    ...(isRecord(extensions) && { extensions }),
  }
}

/** What became of a payment, from a `PAYMENT-RESPONSE` header; nothing where it does not say. */
export function readSettlement(header: string | null): X402Settlement | undefined {
  const settlement = header === null ? undefined : readJson(header)
  const isOne = isRecord(settlement) && typeof settlement['success'] === 'boolean'
  return isOne ? (settlement as X402Settlement) : undefined
}

/** The value of a header of x402's: base64 of JSON in UTF-8. */
export function writeJson(value: object): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(value))))
}

function readJson(header: string): unknown {
  try {
    const bytes = Uint8Array.from(atob(header), (character) => character.charCodeAt(0))
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}

function extraOf(offer: unknown): Record<string, unknown> {
  const { extra } = (offer ?? {}) as { extra?: unknown }
  return isRecord(extra) ? extra : {}
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isShort(text: unknown): text is string {
  return typeof text === 'string' && text !== '' && text.length <= 256
}

function isRealAddress(address: unknown): address is Address {
  return typeof address === 'string' && isAddress(address, { strict: false }) && address !== zeroAddress
}

function lower(address: Address): Address {
  return address.toLowerCase() as Address
}
