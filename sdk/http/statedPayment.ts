import type { Hex } from 'viem'
import { toHex } from '../channels/bytes.ts'
import { MAX_TOTAL } from '../channels/Channel.ts'
import type { Statement } from '../channels/judge.ts'
import { decodePayment, encodePayment } from '../channels/payment.ts'
import { ScripError } from '../errors/ScripError.ts'
import { toBase64Url } from './base64url.ts'
import { readPaymentHeader } from './headers.ts'

/** A payment and what its payer states of it. */
export type StatedPayment = { readonly payment: Uint8Array; readonly statement: Statement }

/** A channel that a payee knows, for payments that do not name it in full: what it accepted there, at about the latest. */
export type KnownChannel = { readonly id: Hex; readonly accepted: bigint }

// Bits of a payment's first byte that only this header has.
const HAS_AMOUNT = 8
const HAS_ARRIVED = 16
const IS_SHORT = 32

/**
 * The payment header's value: base64url of the payment's bytes, with the statement behind the first of them, each amount in
 * seven bits a byte, the lowest first. A tick takes at most 128 characters so.
 *
 * A voucher to a payee that knows the channel (`isKnown`) takes 150, which leaves 16 bytes for all but its root and its
 * signature:
 *
 * | bytes | what |
 * | ----- | ---- |
 * | 1     | the kind: 34, and 16 more where no other payment is under way |
 * | 5     | the first of the channel's id |
 * | 2     | a tick's worth: five bits of a power of ten, eleven of what is multiplied by it |
 * | 8     | five bits of a power of ten; in multiples of it the amount (24 bits) and the lowest 35 bits of the total |
 *
 * Its chain has 256 ticks. What does not fit is written in full.
 */
export function writeStatedPayment(payment: Uint8Array, statement: Statement = {}, isKnown = false): string {
  const short = isKnown ? shortVoucher(payment, statement) : undefined
  return toBase64Url(short ?? stated(payment, statement))
}

/**
 * Reads what `writeStatedPayment` wrote. `find` gives the channel that a payment names by the first bytes of its id only.
 * @throws `PAYMENT_MALFORMED`, `UNKNOWN_CHANNEL` where `find` knows none
 */
export function readStatedPayment(
  value: string,
  find: (idStart: string) => KnownChannel | undefined = () => undefined,
): StatedPayment {
  const bytes = readPaymentHeader(value)
  const kind = bytes[0] as number
  if ((kind & IS_SHORT) !== 0) return fullVoucher(bytes, find)
  if ((kind & (HAS_AMOUNT | HAS_ARRIVED)) === 0) return { payment: bytes, statement: {} }
  const reader = { bytes, at: 1 }
  const amount = (kind & HAS_AMOUNT) === 0 ? undefined : takeAmount(reader)
  const arrived = (kind & HAS_ARRIVED) === 0 ? undefined : takeAmount(reader)
  const payment = bytes.subarray(reader.at - 1)
  payment[0] = kind & ~(HAS_AMOUNT | HAS_ARRIVED)
  return { payment, statement: { ...(amount !== undefined && { amount }), ...(arrived !== undefined && { arrived }) } }
}

/** The part of a channel's id by which short payments name it. */
export function idStartOf(id: Hex): string {
  return id.slice(0, 2 + 2 * ID_START)
}

function stated(payment: Uint8Array, { amount, arrived }: Statement): Uint8Array {
  if (amount === undefined && arrived === undefined) return payment
  const bits = (amount === undefined ? 0 : HAS_AMOUNT) | (arrived === undefined ? 0 : HAS_ARRIVED)
  const head = [(payment[0] as number) | bits]
  if (amount !== undefined) putAmount(head, amount)
  if (arrived !== undefined) putAmount(head, arrived)
  const bytes = new Uint8Array(head.length + payment.length - 1)
  bytes.set(head)
  bytes.set(payment.subarray(1), head.length)
  return bytes
}

function putAmount(into: number[], amount: bigint): void {
  let left = amount
  for (; left > 127n; left >>= 7n) into.push(Number(left & 127n) | 128)
  into.push(Number(left))
}

function takeAmount(reader: { readonly bytes: Uint8Array; at: number }): bigint {
  let amount = 0n
  // Six bytes at a time, which a number holds: every request has amounts, and most are short.
  for (let group = 0n; ; group++) {
    let part = 0
    for (let worth = 1; worth < 2 ** 42; worth *= 128) {
      const byte = reader.bytes[reader.at++]
      if (byte === undefined) throw malformed()
      part += (byte & 127) * worth
      if (byte > 127) continue
      amount += BigInt(part) << (42n * group)
      if (amount > MAX_TOTAL) throw malformed()
      return amount
    }
    if (group === 2n) throw malformed()
    amount += BigInt(part) << (42n * group)
  }
}

/** The kind of a payment that is a voucher and nothing else. */
const VOUCHER_ONLY = 2
/** Bytes of a channel's id in a short voucher. */
const ID_START = 5
const SHORT_LENGTH = 112
const SHORT_TICKS = 256
const MULTIPLIER_BITS = 11n
const AMOUNT_BITS = 24n
const TOTAL_BITS = 35n
/** Powers of ten have five bits. */
const MOST_EXPONENT = 31

function shortVoucher(payment: Uint8Array, { amount, arrived }: Statement): Uint8Array | undefined {
  if (payment[0] !== VOUCHER_ONLY || amount === undefined) return undefined
  const { voucher } = decodePayment(payment)
  if (voucher === undefined || voucher.maxTicks !== SHORT_TICKS || amount > voucher.total) return undefined
  const tick = inTens(voucher.tickAmount)
  const sums = inTens(voucher.total, amount)
  const [multiplier = 0n] = tick.multiples
  const [total = 0n, pieces = 0n] = sums.multiples
  if (multiplier >> MULTIPLIER_BITS !== 0n || pieces >> AMOUNT_BITS !== 0n) return undefined
  const isAlone = arrived !== undefined && arrived === voucher.total - amount
  const bytes = new Uint8Array(SHORT_LENGTH)
  const view = new DataView(bytes.buffer)
  bytes[0] = VOUCHER_ONLY | IS_SHORT | (isAlone ? HAS_ARRIVED : 0)
  bytes.set(payment.subarray(1, 1 + ID_START), 1)
  view.setUint16(6, (tick.exponent << Number(MULTIPLIER_BITS)) | Number(multiplier))
  const packed = (BigInt(sums.exponent) << (AMOUNT_BITS + TOTAL_BITS)) | (pieces << TOTAL_BITS)
  view.setBigUint64(8, packed | BigInt.asUintN(Number(TOTAL_BITS), total))
  // In full: kind, id, total, root, a tick's worth, most ticks, r and vs.
  bytes.set(payment.subarray(45, 77), 16)
  bytes.set(payment.subarray(91, 155), 48)
  return bytes
}

/** Values as multiples of the largest power of ten that divides them all. */
function inTens(...values: bigint[]): { exponent: number; multiples: bigint[] } {
  let multiples = values
  let exponent = 0
  while (exponent < MOST_EXPONENT && multiples.every((value) => value % 10n === 0n) && multiples.some(Boolean)) {
    multiples = multiples.map((value) => value / 10n)
    exponent++
  }
  return { exponent, multiples }
}

function fullVoucher(bytes: Uint8Array, find: (idStart: string) => KnownChannel | undefined): StatedPayment {
  const isAlone = bytes[0] === (VOUCHER_ONLY | IS_SHORT | HAS_ARRIVED)
  if (bytes.length !== SHORT_LENGTH || (!isAlone && bytes[0] !== (VOUCHER_ONLY | IS_SHORT))) throw malformed()
  const idStart = toHex(bytes.subarray(1, 1 + ID_START))
  const channel = find(idStart)
  if (channel === undefined) throw new ScripError('UNKNOWN_CHANNEL', { values: { idStart } })
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const tick = view.getUint16(6)
  const packed = view.getBigUint64(8)
  const scale = 10n ** (packed >> (AMOUNT_BITS + TOTAL_BITS))
  const amount = BigInt.asUintN(Number(AMOUNT_BITS), packed >> TOTAL_BITS) * scale
  const total = nearest(BigInt.asUintN(Number(TOTAL_BITS), packed), channel.accepted / scale) * scale
  const tickAmount = BigInt(tick & 0x7ff) * 10n ** BigInt(tick >> Number(MULTIPLIER_BITS))
  if (total > MAX_TOTAL || tickAmount > MAX_TOTAL) throw malformed()
  const voucher = {
    total,
    tickRoot: toHex(bytes.subarray(16, 48)),
    tickAmount,
    maxTicks: SHORT_TICKS,
    r: toHex(bytes.subarray(48, 80)),
    vs: toHex(bytes.subarray(80)),
  }
  const arrived = isAlone && amount <= total ? { arrived: total - amount } : {}
  return { payment: encodePayment({ channelId: channel.id, voucher }), statement: { amount, ...arrived } }
}

/** The number nearest to another one whose lowest bits are those. */
function nearest(lowest: bigint, to: bigint): bigint {
  const step = 1n << TOTAL_BITS
  const number = to - (to % step) + lowest
  if (number > to + step / 2n && number >= step) return number - step
  return number + step / 2n < to ? number + step : number
}

function malformed(): ScripError {
  return new ScripError('PAYMENT_MALFORMED', { detail: 'The payment header states amounts that are none.' })
}
