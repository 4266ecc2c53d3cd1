import { ScripError } from '../errors/ScripError.ts'

/** A payment, base64url, on any request. */
export const PAYMENT_HEADER = 'scrip-payment'

/** The channel's credit in base units after the payment was taken and before anything was served. */
export const CREDIT_HEADER = 'scrip-credit'

/** How many base units of the answer its payer may have before its network refuses more; absent where nothing bounds it. */
export const BOUND_HEADER = 'scrip-bound'

/** The quote of a 402 answer, base64 of JSON (x402, version 2). */
export const QUOTE_HEADER = 'payment-required'

/** Where a payment is sent that pays on for an answer under way: `POST`, the payment in its header. */
export const PAYMENT_PATH = '/.well-known/scrip/payment'

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
