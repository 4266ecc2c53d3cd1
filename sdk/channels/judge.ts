import { ScripError } from '../errors/ScripError.ts'
import { toHex } from './bytes.ts'
import { MAX_TOTAL, paidTotal, type Tick, type Voucher } from './Channel.ts'
import { closeBelow, type Gaps, isIn, takeFrom } from './gaps.ts'
import { voucherDigest } from './hashes.ts'
import { bestPayment, type PayeeRecord, paidIn } from './PayeeRecord.ts'
import type { Payment } from './payment.ts'
import { isSignedBy } from './signatures.ts'
import { isTickOf } from './ticks.ts'

/** What a payer says of a payment besides the payment. Amounts in base units. */
export type Statement = {
  /**
   * What the payment itself is for: the rest of what it makes more is for payments that it overtook. All that it makes more
   * where nothing is said, and then nothing that is late counts any more.
   */
  readonly amount?: bigint
  /**
   * The total below which no payment is on its way any more: what was skipped there is nobody's, and credit like any other.
   * Until it is said, a preimage below a tick that was seen pays for what is missing, and whoever overhears a tick can
   * compute it: without TLS an eavesdropper that is faster than the missing payment takes what that one is for.
   */
  readonly arrived?: bigint
}

/** A record after a payment: the same one where nothing changed. */
export type Verdict = {
  readonly record: PayeeRecord
  /** Base units that this payment, and no earlier one, pays for. */
  readonly added: bigint
  /** Whether it made the total more. */
  readonly isNewest: boolean
}

/** Older vouchers that a payee keeps because ticks of theirs may still come. */
export const MOST_OLDER = 16

/**
 * Judges a payment by a record, and changes nothing. `covered` is the highest total that the payee takes on the channel.
 * @throws `INVALID_VOUCHER`, `INVALID_TICK`, `UNKNOWN_CHANNEL`, `PAYMENT_MALFORMED`, `STALE_PAYMENT`, `CHANNEL_EXITING`,
 * `DEPOSIT_EXCEEDED`
 */
export function judge(record: PayeeRecord, payment: Payment, statement: Statement, covered: bigint): Verdict {
  const { channel, state, gaps = [] } = record
  const values = { channelId: channel.id }
  const present = paidIn(record)
  const voucher = payment.voucher ?? voucherOf(record, payment.tick)
  if (voucher === undefined) throw new ScripError('UNKNOWN_CHANNEL', { values })
  // The signature comes first: an unsigned voucher must not get an answer that a signed one would get.
  if (!isHeld(record, voucher) && !isSignedBy(channel.signer, voucherDigest(channel, voucher), voucher)) {
    throw new ScripError('INVALID_VOUCHER', { values })
  }
  const isCurrent = record.voucher !== undefined && isSame(voucher, record.voucher)
  const known = isCurrent ? record.tick : undefined
  if (payment.tick && !isTickOf(voucher, payment.tick, known)) throw new ScripError('INVALID_TICK', { values })

  const total = paidTotal(voucher, payment.tick?.count ?? 0)
  if (total === 0n) {
    throw new ScripError('PAYMENT_MALFORMED', { detail: 'The voucher pays for nothing.', values })
  }
  const { amount: added, gaps: left } =
    statement.amount === undefined
      ? { amount: total > present ? total - present : 0n, gaps: total > present ? [] : gaps }
      : takeFrom(gaps, present, total, statement.amount)

  if (total < present && added > 0n) {
    return { record: tidied(record, left, statement), added, isNewest: false }
  }
  // A tick that comes twice, or too late, is worth nothing more, but no mistake either.
  if (payment.voucher === undefined && total <= present) return { record, added: 0n, isNewest: false }
  if (total < present) {
    throw new ScripError('STALE_PAYMENT', {
      detail: `The payment makes ${total}; ${present} was accepted before.`,
      values: { ...values, accepted: present, ...(record.voucher && { state: toHex(bestPayment(record)) }) },
    })
  }
  if (total === present && isCurrent) return { record, added: 0n, isNewest: false }
  if (total > present && state.exitAt !== 0) {
    throw new ScripError('CHANNEL_EXITING', { values: { ...values, exitAt: state.exitAt } })
  }
  if (total > present && (total > covered || total > MAX_TOTAL)) {
    throw new ScripError('DEPOSIT_EXCEEDED', {
      detail: `The payment makes ${total}; ${covered} is covered.`,
      values: { ...values, total, covered },
    })
  }
  const { voucher: last, tick: _, ...rest } = record
  const older = last === undefined || isCurrent ? record.older : [last, ...(record.older ?? [])]
  const next = { ...rest, voucher, ...(payment.tick && { tick: payment.tick }), ...(older && { older }) }
  return { record: tidied(next, left, statement), added, isNewest: total > present }
}

/** The voucher that a tick which comes alone belongs to: the current one, or an older one where a payment is missing. */
function voucherOf({ voucher, gaps = [], older = [] }: PayeeRecord, tick: Tick | undefined): Voucher | undefined {
  if (tick === undefined || voucher === undefined) return voucher
  // Strangers, too, have the payee hash what they send: an older voucher is tried only where it could be the one.
  const fits = (candidate: Voucher, index: number) => {
    const total = paidTotal(candidate, tick.count)
    return total <= (older[index - 1] ?? voucher).total && isIn(gaps, total)
  }
  return older.find((candidate, index) => fits(candidate, index) && isTickOf(candidate, tick)) ?? voucher
}

/** The record with the gaps that are left, and with the older vouchers that these need. */
function tidied(record: PayeeRecord, left: Gaps, { arrived }: Statement): PayeeRecord {
  const gaps = arrived === undefined ? left : closeBelow(left, arrived)
  const { gaps: _, older: before = [], ...rest } = record
  const older = before
    .filter((voucher) => gaps.some(({ from, to }) => voucher.total < to && from < paidTotal(voucher, voucher.maxTicks)))
    .slice(0, MOST_OLDER)
  return { ...rest, ...(gaps.length > 0 && { gaps }), ...(older.length > 0 && { older }) }
}

/** Whether the payee holds that voucher, and so checked its signature before. */
function isHeld({ voucher, older = [] }: PayeeRecord, candidate: Voucher): boolean {
  return [...(voucher ? [voucher] : []), ...older].some((held) => isSame(held, candidate))
}

function isSame(one: Voucher, other: Voucher): boolean {
  return (
    one.r === other.r &&
    one.vs === other.vs &&
    one.tickRoot === other.tickRoot &&
    one.total === other.total &&
    one.tickAmount === other.tickAmount &&
    one.maxTicks === other.maxTicks
  )
}
