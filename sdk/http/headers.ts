import { ScripError } from '../errors/ScripError.ts'
import { fromBase64Url, toBase64Url } from './base64url.ts'

/** A payment, base64url, on any request, with what its payer states of it: `writeStatedPayment`. */
export const PAYMENT_HEADER = 'scrip-payment'

/**
 * On a paid answer the base units that are held for it when it begins; on the answer to a payment alone the credit that no
 * answer of its channel holds.
 */
export const CREDIT_HEADER = 'scrip-credit'

/**
 * What a piece of a paid answer costs: `5/kilobyte`. On a request, the most that its payer pays for a piece: where it costs
 * more, the request is refused with the price.
 */
export const PRICE_HEADER = 'scrip-price'

/** With a payment, the id of the quote by which it pays: the price of that holds until the quote expires. */
export const QUOTE_ID_HEADER = 'scrip-quote'

/** Names a paid answer, so that a payment that follows, or who asks for its receipt, can say which one it is for. */
export const ANSWER_HEADER = 'scrip-answer'

/** How many base units of the answer its payer may have before its network refuses more; absent where nothing bounds it. */
export const BOUND_HEADER = 'scrip-bound'

/** The quote of a 402 answer, base64 of JSON (x402, version 2). */
export const QUOTE_HEADER = 'payment-required'

/** Where a payment is sent that pays on for an answer under way: `POST`, the payment in its header. */
export const PAYMENT_PATH = '/.well-known/scrip/payment'

/** Where the receipt of an answer is given, which `ANSWER_HEADER` names: `GET`. */
export const RECEIPT_PATH = '/.well-known/scrip/receipt'

/** Base units in a header: at most 96 bits. */
const AMOUNT = /^\d{1,29}$/

/** Characters of a payment header; longer ones are no payments. */
const LONGEST_PAYMENT = 1_024

/** A payment in base64url. */
export function writePaymentHeader(payment: Uint8Array): string {
  return toBase64Url(payment)
}

/**
 * A payment from base64url.
 * @throws `PAYMENT_MALFORMED`
 */
export function readPaymentHeader(value: string): Uint8Array {
  const bytes = value.length <= LONGEST_PAYMENT ? fromBase64Url(value) : undefined
  if (bytes === undefined || bytes.length === 0) {
    throw new ScripError('PAYMENT_MALFORMED', { detail: 'The payment header is not base64url of a payment.' })
  }
  return bytes
}

/** The base units in a header; nothing where it is absent or no amount. */
export function readAmount(value: unknown): bigint | undefined {
  return typeof value === 'string' && AMOUNT.test(value) ? BigInt(value) : undefined
}
