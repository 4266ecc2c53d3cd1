import type { Claim } from '../channels/Channel.ts'
import { NO_PREIMAGE } from '../channels/PayeeRecord.ts'
import { decodePayment, encodePayment } from '../channels/payment.ts'
import { ScripError } from '../errors/ScripError.ts'
import { readPaymentHeader, writePaymentHeader } from './headers.ts'

/** Where a watchtower takes claims: `POST`, a JSON array of them, each as `writeClaim` writes it. */
export const CLAIMS_PATH = '/.well-known/scrip/claims'

/** Claims in one request at most. */
export const MOST_CLAIMS = 100

/** A claim in text: a payment that introduces its channel, with its voucher and its tick, base64url. */
export function writeClaim({ channel, ticks, preimage, ...voucher }: Claim): string {
  const tick = ticks === 0 ? {} : { tick: { count: ticks, preimage } }
  return writePaymentHeader(encodePayment({ channelId: channel.id, channel, voucher, ...tick }))
}

/** A claim from text. Whether it is any good is for `Watchtower.watch` to say. @throws `PAYMENT_MALFORMED` */
export function readClaim(text: string): Claim {
  const { channel, voucher, tick } = decodePayment(readPaymentHeader(text))
  if (channel !== undefined && voucher !== undefined) {
    return { channel, ...voucher, ticks: tick?.count ?? 0, preimage: tick?.preimage ?? NO_PREIMAGE }
  }
  throw new ScripError('PAYMENT_MALFORMED', { detail: 'A claim is a channel in full, with a voucher of it.' })
}
