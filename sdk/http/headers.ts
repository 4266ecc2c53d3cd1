import { ScripError } from '../errors/ScripError.ts'

/** A payment, base64url, on any request. */
export const PAYMENT_HEADER = 'scrip-payment'

/**
 * On a paid answer the base units that are held for it when it begins; on the answer to a payment alone the credit that no
 * answer of its channel holds.
 */
export const CREDIT_HEADER = 'scrip-credit'

/** What a kilobyte of a paid answer costs, in base units: it may have moved since the quote. */
export const PRICE_HEADER = 'scrip-price'

/** Names a paid answer, so that a payment that follows can say what it is for. */
export const ANSWER_HEADER = 'scrip-answer'

/**
 * With a payment, the base units that are meant for the answer to its request, or for the answer that `ANSWER_HEADER`
 * names: the rest of what it makes more is for payments that it overtook on the way. Without it a request gets all of the
 * channel's credit that no other answer holds, a payment alone is for whichever answer of its channel needs it first, and
 * payments that it overtook count for nothing.
 */
export const AMOUNT_HEADER = 'scrip-amount'

/**
 * With a payment, the total below which no payment of its channel is on its way any more, in base units. Where the payment
 * itself begins there, its request gets all of the channel's credit that no other answer holds.
 */
export const ARRIVED_HEADER = 'scrip-arrived'

/** How many base units of the answer its payer may have before its network refuses more; absent where nothing bounds it. */
export const BOUND_HEADER = 'scrip-bound'

/** The quote of a 402 answer, base64 of JSON (x402, version 2). */
export const QUOTE_HEADER = 'payment-required'

/** Where a payment is sent that pays on for an answer under way: `POST`, the payment in its header. */
export const PAYMENT_PATH = '/.well-known/scrip/payment'

/** Base units in a header: at most 96 bits. */
const AMOUNT = /^\d{1,29}$/

/** Longer payment headers are no payments. */
const LONGEST_PAYMENT = 1_024

/** The payment header's value for a payment. */
export function writePaymentHeader(payment: Uint8Array): string {
  return btoa(String.fromCharCode(...payment))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

/**
 * The payment in a payment header.
 * @throws `PAYMENT_MALFORMED`
 */
export function readPaymentHeader(value: string): Uint8Array {
  if (value.length > LONGEST_PAYMENT || !/^[A-Za-z0-9_-]+$/.test(value)) {
    throw new ScripError('PAYMENT_MALFORMED', { detail: 'The payment header is not base64url of a payment.' })
  }
  try {
    const text = atob(value.replaceAll('-', '+').replaceAll('_', '/'))
    return Uint8Array.from(text, (character) => character.charCodeAt(0))
  } catch (cause) {
    throw new ScripError('PAYMENT_MALFORMED', { detail: 'The payment header is not base64url.', cause })
  }
}

/** The base units in a header; nothing where it is absent or no amount. */
export function readAmount(value: unknown): bigint | undefined {
  return typeof value === 'string' && AMOUNT.test(value) ? BigInt(value) : undefined
}
