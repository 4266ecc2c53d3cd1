import type { Hex } from 'viem'
import { type Channel, type ChannelState, type Claim, paidTotal, type Tick, type Voucher } from './Channel.ts'
import type { Gaps } from './gaps.ts'
import { voucherDigest } from './hashes.ts'
import { encodePayment } from './payment.ts'
import { withParity } from './signatures.ts'

/** What a payee must remember of a channel: its best claim and what was served for it. Amounts in base units. */
export type PayeeRecord = {
  readonly channel: Channel
  /** What the chain said of it last. */
  readonly state: ChannelState
  /** The best voucher accepted; nothing before the first. */
  readonly voucher?: Voucher
  /** The best tick of that voucher. */
  readonly tick?: Tick
  /** Totals that are paid for and whose payments did not come yet; absent where there are none. */
  readonly gaps?: Gaps
  /** Older vouchers whose ticks may still come, the newest first; absent where there are none. */
  readonly older?: readonly Voucher[]
  /** What was served or is being served, of all that was ever paid. */
  readonly charged: bigint
}

/** The record of a channel on which nothing was accepted yet, and of which the chain said nothing. */
export function newRecord(channel: Channel): PayeeRecord {
  return { channel, state: { claimed: 0n, deposit: 0n, exitAt: 0 }, charged: 0n }
}

/** The record with what the chain says now. */
export function observed(record: PayeeRecord, state: ChannelState): PayeeRecord {
  const next = { ...record, state }
  // More was claimed than this record ever accepted: by a payee whose newer store was lost. What it accepted it served, as
  // far as anybody can know; to give credit for it would be to serve it twice.
  return { ...next, charged: record.charged + paidIn(next) - paidIn(record) }
}

/** Everything ever paid: what the best claim states; where that was lost, what the chain paid out. */
export function paidIn({ voucher, tick, state }: PayeeRecord): bigint {
  const stated = voucher === undefined ? 0n : paidTotal(voucher, tick?.count ?? 0)
  return stated > state.claimed ? stated : state.claimed
}

/** Paid and not yet claimed on chain. */
export function unclaimedIn(record: PayeeRecord): bigint {
  return paidIn(record) - record.state.claimed
}

/** The payer's own newest payment: what it needs after losing its state. */
export function bestPayment({ channel, voucher, tick }: PayeeRecord): Uint8Array {
  return encodePayment({ channelId: channel.id, ...(voucher && { voucher }), ...(tick && { tick }) })
}

/** Stands for a tick where there is none. */
export const NO_PREIMAGE: Hex = `0x${'00'.repeat(32)}`

/** What the contract takes for the record; nothing before the first voucher. */
export function claimIn({ channel, voucher, tick }: PayeeRecord): Claim | undefined {
  if (voucher === undefined) return undefined
  const signature = withParity(channel.signer, voucherDigest(channel, voucher), voucher)
  return { channel, ...voucher, ...signature, ticks: tick?.count ?? 0, preimage: tick?.preimage ?? NO_PREIMAGE }
}
