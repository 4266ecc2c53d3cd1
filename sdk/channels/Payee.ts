import type { Address, Hex } from 'viem'
import { ScripError } from '../errors/ScripError.ts'
import { put, type Store, type Table } from '../store/Store.ts'
import { toHex } from './bytes.ts'
import { type Channel, type ChannelState, type Claim, paidTotal, type Tick, type Voucher } from './Channel.ts'
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
  /** How much it takes on a channel beyond the deposit that it saw, in base units: what it risks. */
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
   * @throws `UNKNOWN_CHANNEL`
   */
  charge(channelId: Hex, price: bigint, most: number): Promise<number>
  /** @throws `UNKNOWN_CHANNEL` */
  standing(channelId: Hex): Promise<Standing>
  /** The best claims on every channel that has something new to claim, the largest first. */
  claimable(): Promise<Claim[]>
  /** Resolves when the channel has at least `amount` base units of credit; rejects when `signal` aborts. */
  credited(channelId: Hex, amount: bigint, signal: AbortSignal): Promise<void>
}

/** A record with what is on its way to the disk: `record` is the newest, `accepted` what is known to be stored. */
type Entry = { record: PayeeRecord; accepted: bigint; waiting: Set<() => void> }

/** The earning end of channels, with no I/O but the store. */
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
    const most = state.claimed + state.deposit + accept.maxExposure
    if (total > most) {
      throw new ScripError('DEPOSIT_EXCEEDED', {
        detail: `The payment makes ${total}; the deposit carries ${most}.`,
        values: { ...values, total, covered: most },
      })
    }
    return { channel, state, charged: record.charged, voucher, ...(payment.tick && { tick: payment.tick }) }
  }

  const save = (entry: Entry) => store.write([put(payees, entry.record.channel.id, entry.record)])

  const standingOf = ({ record, accepted }: Entry): Standing => ({
    channel: record.channel,
    accepted,
    charged: record.charged,
    credit: accepted - record.charged,
    unclaimed: accepted - record.state.claimed,
  })

  return {
    address,
    accepts: { chainId: accept.chainId, contract },

    accept: async (bytes) => {
      const payment = decodePayment(bytes)
      if (payment.channel) check(payment.channel)
      await load(payment.channelId)
      const entry = entries.get(payment.channelId) ?? (payment.channel && newEntry(unseen(payment.channel)))
      if (entry === undefined) throw new ScripError('UNKNOWN_CHANNEL', { values: { channelId: payment.channelId } })
      const next = advance(entry.record, payment)
      const added = paidIn(next) - paidIn(entry.record)
      // Kept only now: strangers who make up channels take no memory.
      entries.set(payment.channelId, entry)
      if (next !== entry.record) {
        entry.record = next
        await save(entry)
      }
      // Only what is stored becomes credit; a write that overtook this one stored this one too.
      const stored = paidIn(next)
      if (stored > entry.accepted) {
        entry.accepted = stored
        for (const wake of entry.waiting) wake()
      }
      return { ...standingOf(entry), added }
    },

    check,

    observe: async (channel, state) => {
      check(channel)
      await load(channel.id)
      const entry = entries.get(channel.id) ?? newEntry(unseen(channel))
      entries.set(channel.id, entry)
      entry.record = { ...entry.record, state }
      await save(entry)
    },

    charge: async (id, price, most) => {
      const entry = await known(id)
      const affordable = standingOf(entry).credit / price
      const count = affordable < BigInt(most) ? Number(affordable) : most
      if (count === 0) return 0
      entry.record = { ...entry.record, charged: entry.record.charged + BigInt(count) * price }
      // Not awaited: losing it costs the payee this one charge. A store that fails will refuse the next payment.
      save(entry).catch(() => {})
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
  return { record, accepted: paidIn(record), waiting: new Set() }
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
