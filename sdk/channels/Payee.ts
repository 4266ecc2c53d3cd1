import type { Address, Hex } from 'viem'
import { ScripError } from '../errors/ScripError.ts'
import { put, type Store, type Table } from '../store/Store.ts'
import { toHex } from './bytes.ts'
import {
  type Channel,
  type ChannelState,
  type Claim,
  MAX_TOTAL,
  paidTotal,
  type Tick,
  type Voucher,
} from './Channel.ts'
import { voucherDigest } from './hashes.ts'
import { decodePayment, encodePayment, type Payment } from './payment.ts'
import { recoverSigner } from './signatures.ts'
import { isTickOf } from './ticks.ts'

/** What a payee must remember of a channel: its best claim and what was served for it. Amounts in base units. */
export type PayeeRecord = {
  readonly channel: Channel
  readonly state: ChannelState
  /** The best voucher accepted; nothing before the first. */
  readonly voucher?: Voucher
  /** The best tick of that voucher. */
  readonly tick?: Tick
  /** What was served, of all that was ever paid. */
  readonly charged: bigint
}

/** The payees' channels of a store, by channel id. */
export const payees: Table<PayeeRecord> = 'payees'

/** Which payments a payee takes. */
export type AcceptancePolicy = {
  chainId: number
  /** The `PaymentChannels` contract. */
  contract: Address
  /** The currencies it takes. */
  currencies: readonly Address[]
  /**
   * How much it takes on a channel beyond the deposit that it saw, in base units: what it risks on each. A channel that it
   * never saw on chain costs a stranger nothing: unless this is 0, `observe` channels before accepting payments on them.
   */
  maxExposure: bigint
}

/** What `createPayee` takes. */
export type PayeeParameters = { account: { readonly address: Address }; store: Store; accept: AcceptancePolicy }

/** How a channel stands with its payee. Amounts in base units. */
export type Standing = {
  readonly channel: Channel
  /** Everything paid and safely stored. */
  readonly accepted: bigint
  /** Everything served. */
  readonly charged: bigint
  /** Paid and not yet served. */
  readonly credit: bigint
  /** Paid and not yet claimed on chain. */
  readonly unclaimed: bigint
}

/** A channel after a payment; `added` is what this payment, and no earlier one, brought in base units. */
export type Acceptance = Standing & { readonly added: bigint }

/** The earning end of channels. */
export type Payee = {
  readonly address: Address
  /** The chain and the `PaymentChannels` contract whose channels it takes. */
  readonly accepts: { readonly chainId: number; readonly contract: Address }
  /**
   * Takes a payment. Resolves when it would survive a power loss; the same payment again changes nothing.
   * @throws `PAYMENT_MALFORMED`, `WRONG_CHANNEL`, `UNKNOWN_CHANNEL`, `INVALID_VOUCHER`, `INVALID_TICK`, `STALE_PAYMENT`
   * (`values.state` holds the payer's own newest payment), `DEPOSIT_EXCEEDED`, `CHANNEL_EXITING`, `STORE_FAILED`;
   * nothing is half accepted then.
   */
  accept(payment: Uint8Array): Promise<Acceptance>
  /** Whether the channel could pay this payee: right payee, chain, contract and currency. @throws `WRONG_CHANNEL` */
  check(channel: Channel): void
  /** Tells what the chain knows of a channel; without it nothing beyond `maxExposure` is taken. */
  observe(channel: Channel, state: ChannelState): Promise<void>
  /**
   * Takes pieces of `price` base units out of a channel's credit for something about to be served. The record of it is
   * written soon after: a crash in between leaves the payer with the credit.
   * @returns How many pieces the credit had, at most `most`.
   * @throws `UNKNOWN_CHANNEL`, `INVALID_ARGUMENT` where the price is not positive
   */
  charge(channelId: Hex, price: bigint, most: number): Promise<number>
  /** @throws `UNKNOWN_CHANNEL` */
  standing(channelId: Hex): Promise<Standing>
  /** The best claims on every channel that has something new to claim, the largest first. */
  claimable(): Promise<Claim[]>
  /** Resolves when the channel has at least `amount` base units of credit; rejects when `signal` aborts. */
  credited(channelId: Hex, amount: bigint, signal: AbortSignal): Promise<void>
}

/** A channel in memory. */
type Entry = {
  /** The newest record, maybe on its way to the disk. */
  record: PayeeRecord
  /** The newest record on the disk: only what it says was paid counts. */
  stored: PayeeRecord
  /** The write of `record`. */
  saving: Saving
  waiting: Set<() => void>
}

/** A write: `durable` settles when it is known whether its record reached the disk, itself or in the `later` one. */
type Saving = { durable: Promise<void>; later?: Saving }

/**
 * The earning end of channels, with no I/O but the store. An account has one payee a store: two would serve the same credit
 * twice.
 */
export function createPayee({ account, store, accept }: PayeeParameters): Payee {
  const address = account.address.toLowerCase() as Address
  const contract = accept.contract.toLowerCase() as Address
  const currencies = new Set(accept.currencies.map((currency) => currency.toLowerCase()))
  const entries = new Map<Hex, Entry>()

  /** Brings the stored record of a channel into memory, where there is one. */
  const load = async (id: Hex): Promise<void> => {
    if (entries.has(id)) return
    const record = await store.get(payees, id)
    // Another call may have brought it meanwhile: all must share one entry.
    if (record !== undefined && !entries.has(id)) entries.set(id, newEntry(record))
  }

  const known = async (id: Hex): Promise<Entry> => {
    await load(id)
    const entry = entries.get(id)
    if (entry === undefined) throw new ScripError('UNKNOWN_CHANNEL', { values: { channelId: id } })
    return entry
  }

  const isOurs = (channel: Channel) =>
    channel.payee === address && channel.chainId === accept.chainId && channel.contract === contract

  const check = (channel: Channel) => {
    const wrong = (detail: string) =>
      new ScripError('WRONG_CHANNEL', { detail, values: { channelId: channel.id, payee: address, contract } })
    if (channel.payee !== address) throw wrong(`The channel pays ${channel.payee}; this payee is ${address}.`)
    if (channel.chainId !== accept.chainId || channel.contract !== contract) {
      throw wrong(`The channel is on chain ${channel.chainId}, contract ${channel.contract}; this payee takes others.`)
    }
    if (!currencies.has(channel.token)) throw wrong(`This payee does not take the currency ${channel.token}.`)
  }

  /** The record after a payment. Throws where it is none. */
  const advance = (record: PayeeRecord, payment: Payment): PayeeRecord => {
    const { channel, state } = record
    const values = { channelId: channel.id }
    const voucher = payment.voucher ?? record.voucher
    if (voucher === undefined) throw new ScripError('UNKNOWN_CHANNEL', { values })
    // The signature comes first: an unsigned voucher must not get an answer that a signed one would get.
    if (payment.voucher && recoverSigner(voucherDigest(channel, voucher), voucher) !== channel.signer) {
      throw new ScripError('INVALID_VOUCHER', { values })
    }
    const best = payment.voucher ? undefined : record.tick
    if (payment.tick && !isTickOf(voucher, payment.tick, best)) throw new ScripError('INVALID_TICK', { values })

    const total = paidTotal(voucher, payment.tick?.count ?? 0)
    const present = paidIn(record)
    // A tick that arrives late is worth nothing more, but no mistake either.
    if (payment.voucher === undefined && total <= present) return record
    if (total < present) {
      throw new ScripError('STALE_PAYMENT', {
        detail: `The payment makes ${total}; ${present} was accepted before.`,
        values: { ...values, accepted: present, state: toHex(bestPayment(record)) },
      })
    }
    if (total > present && state.exitAt !== 0) {
      throw new ScripError('CHANNEL_EXITING', { values: { ...values, exitAt: state.exitAt } })
    }
    const covered = smaller(state.claimed + state.deposit + accept.maxExposure, MAX_TOTAL)
    if (total > present && total > covered) {
      throw new ScripError('DEPOSIT_EXCEEDED', {
        detail: `The payment makes ${total}; the deposit carries ${covered}.`,
        values: { ...values, total, covered },
      })
    }
    return { channel, state, charged: record.charged, voucher, ...(payment.tick && { tick: payment.tick }) }
  }

  /** Makes a record the newest. Resolves when it is on the disk, by this write or by a later one. */
  const save = (entry: Entry, record: PayeeRecord): Promise<void> => {
    const saved = () => {
      const isMore = paidIn(record) > paidIn(entry.stored)
      entry.stored = record
      if (isMore) for (const wake of entry.waiting) wake()
    }
    const failed = (error: unknown) => {
      // The next record holds all that this one does: its write decides.
      if (saving.later !== undefined) return saving.later.durable
      // There is none, so the payment was never made. What was served and seen stays true without the disk.
      const { voucher, tick } = entry.stored
      const { channel, state, charged } = entry.record
      entry.record = { channel, state, charged, ...(voucher && { voucher }), ...(tick && { tick }) }
      throw error
    }
    const saving: Saving = {
      durable: store.write([put(payees, record.channel.id, record)]).then(saved, failed),
    }
    entry.saving.later = saving
    entry.saving = saving
    entry.record = record
    return saving.durable
  }

  const standingOf = ({ record, stored }: Entry): Standing => {
    const accepted = paidIn(stored)
    return {
      channel: record.channel,
      accepted,
      charged: record.charged,
      credit: accepted - record.charged,
      unclaimed: accepted - record.state.claimed,
    }
  }

  return {
    address,
    accepts: { chainId: accept.chainId, contract },

    accept: async (bytes) => {
      const payment = decodePayment(bytes)
      await load(payment.channelId)
      const kept = entries.get(payment.channelId)
      const entry = kept ?? (payment.channel && newEntry(unseen(payment.channel)))
      if (entry === undefined) throw new ScripError('UNKNOWN_CHANNEL', { values: { channelId: payment.channelId } })
      // The store may hold channels of an earlier setting, whose payments could not be claimed.
      check(entry.record.channel)
      const next = advance(entry.record, payment)
      const added = paidIn(next) - paidIn(entry.record)
      if (kept === undefined) {
        // Kept only now and only for money: strangers who make up channels take no memory.
        if (added === 0n) return { ...standingOf(entry), added }
        entries.set(payment.channelId, entry)
      }
      if (next !== entry.record) await save(entry, next)
      // Nothing new, but it may still be on its way to the disk.
      else if (paidIn(next) > paidIn(entry.stored)) await entry.saving.durable
      return { ...standingOf(entry), added }
    },

    check,

    observe: async (channel, state) => {
      check(channel)
      await load(channel.id)
      const entry = entries.get(channel.id) ?? newEntry(unseen(channel))
      entries.set(channel.id, entry)
      await save(entry, { ...entry.record, state })
    },

    charge: async (id, price, most) => {
      if (price <= 0n || !Number.isInteger(most) || most < 0) {
        throw new ScripError('INVALID_ARGUMENT', {
          detail: 'A charge takes a whole number of pieces at a positive price.',
          values: { price, most },
        })
      }
      const entry = await known(id)
      const count = Number(smaller(standingOf(entry).credit / price, BigInt(most)))
      if (count === 0) return 0
      // Not awaited: losing it costs the payee this one charge. A store that fails will refuse the next payment.
      save(entry, { ...entry.record, charged: entry.record.charged + BigInt(count) * price }).catch(() => {})
      return count
    },

    standing: async (id) => standingOf(await known(id)),

    claimable: async () => {
      const records = await store.all(payees)
      return records
        .filter((record) => isOurs(record.channel) && unclaimed(record) > 0n)
        .sort((a, b) => (unclaimed(a) < unclaimed(b) ? 1 : -1))
        .flatMap(({ channel, voucher, tick }) => (voucher ? [claimOf(channel, voucher, tick)] : []))
    },

    credited: async (id, amount, signal) => {
      const entry = await known(id)
      while (standingOf(entry).credit < amount) await nextPayment(entry, signal)
    },
  }
}

/** Resolves when credit was added to the channel. */
function nextPayment(entry: Entry, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      entry.waiting.delete(wake)
      signal.removeEventListener('abort', abort)
    }
    const wake = () => {
      stop()
      resolve()
    }
    const abort = () => {
      stop()
      reject(signal.reason)
    }
    entry.waiting.add(wake)
    signal.addEventListener('abort', abort)
    if (signal.aborted) abort()
  })
}

function unseen(channel: Channel): PayeeRecord {
  return { channel, state: { claimed: 0n, deposit: 0n, exitAt: 0 }, charged: 0n }
}

function newEntry(record: PayeeRecord): Entry {
  return { record, stored: record, saving: { durable: Promise.resolve() }, waiting: new Set() }
}

function smaller(one: bigint, other: bigint): bigint {
  return one < other ? one : other
}

function paidIn({ voucher, tick }: PayeeRecord): bigint {
  return voucher === undefined ? 0n : paidTotal(voucher, tick?.count ?? 0)
}

function unclaimed(record: PayeeRecord): bigint {
  return paidIn(record) - record.state.claimed
}

/** The payer's own newest payment: what it needs after losing its state. */
function bestPayment({ channel, voucher, tick }: PayeeRecord): Uint8Array {
  return encodePayment({ channelId: channel.id, ...(voucher && { voucher }), ...(tick && { tick }) })
}

const NO_PREIMAGE: Hex = `0x${'00'.repeat(32)}`

function claimOf(channel: Channel, voucher: Voucher, tick: Tick | undefined): Claim {
  return { channel, ...voucher, ticks: tick?.count ?? 0, preimage: tick?.preimage ?? NO_PREIMAGE }
}
