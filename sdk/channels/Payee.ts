import { randomBytes } from '@noble/hashes/utils'
import type { Address, Hex } from 'viem'
import type { ErrorCode } from '../errors/codes.ts'
import { ScripError } from '../errors/ScripError.ts'
import { outcomeOf } from '../store/outcomes.ts'
import type { Store } from '../store/Store.ts'
import { toHex } from './bytes.ts'
import type { Channel, ChannelState, Claim } from './Channel.ts'
import { createExposures } from './createExposures.ts'
import { sizeOf } from './gaps.ts'
import { judge, type Statement } from './judge.ts'
import { claimIn, newRecord, observed, type PayeeRecord, paidIn, unclaimedIn } from './PayeeRecord.ts'
import { allPayeeRecords, payeeRecordChanges, readPayeeRecord, watchPayeeRecords } from './payeeRecords.ts'
import { decodePayment } from './payment.ts'

/** Which payments a payee takes. */
export type AcceptancePolicy = {
  chainId: number
  /** The `PaymentChannels` contract. */
  contract: Address
  /** The currencies it takes. */
  currencies: readonly Address[]
  /**
   * What it takes beyond deposits, in base units of a currency, over all channels together: what it risks at most. Only
   * channels that it was told of by `observe` get any of it. Purses secure nothing, so what their channels pay beyond a
   * deposit counts here.
   */
  maxExposure: bigint
  /** Base units of every deposit that it leaves out of account, so that payers top up in time; 0 where nothing is said. */
  depositMargin?: bigint
}

/** What `createPayee` takes. */
export type PayeeParameters = { account: { readonly address: Address }; store: Store; accept: AcceptancePolicy }

/** How a channel stands with its payee. Amounts in base units. */
export type Standing = {
  readonly channel: Channel
  /** Everything paid and safely stored. */
  readonly accepted: bigint
  /** Everything served or being served. */
  readonly charged: bigint
  /** Paid, not charged, and meant for no payment that is still on its way. */
  readonly credit: bigint
  /** Paid and not yet claimed on chain. */
  readonly unclaimed: bigint
}

/** How a payment is taken. Amounts in base units. */
export type AcceptOptions = Statement & {
  /**
   * Charges at once, in the same write, for what is about to be served: what the payment adds (`added`), and with that all
   * the credit that is left where the payment is the newest and no other is on its way (`rest`).
   */
  readonly hold?: 'added' | 'rest'
}

/** A channel after a payment. */
export type Acceptance = Standing & {
  /** Base units that this payment, and no earlier one, pays for: 0 for one that was taken before. */
  readonly added: bigint
  /** Base units that were charged with it: what is not served of them is for `giveBack`. */
  readonly held: bigint
}

/** The earning end of channels. */
export type Payee = {
  readonly address: Address
  /** The chain and the `PaymentChannels` contract whose channels it takes. */
  readonly accepts: { readonly chainId: number; readonly contract: Address }
  /**
   * Takes a payment. Resolves when it would survive a power loss; the same payment again changes nothing. Payments may
   * come in any order: one that a newer one overtook counts for as much as its payer states with both in `amount`.
   * @throws `PAYMENT_MALFORMED`, `WRONG_CHANNEL`, `UNKNOWN_CHANNEL`, `INVALID_VOUCHER`, `INVALID_TICK`, `STALE_PAYMENT`
   * (`values.state` holds the payer's own newest payment), `DEPOSIT_EXCEEDED`, `CHANNEL_EXITING`, `STORE_FAILED`;
   * nothing is half accepted then.
   */
  accept(payment: Uint8Array, options?: AcceptOptions): Promise<Acceptance>
  /** Whether the channel could pay this payee: right payee, chain, contract, currency and flags. @throws `WRONG_CHANNEL` */
  check(channel: Channel): void
  /**
   * Tells what the chain knows of a channel: nothing is taken on one that the payee was never told of. What was claimed
   * and never accepted into this store is taken as served: a payee that lost its store gives no credit for it again. What
   * it served and had not claimed is lost to it: the payer's next payment makes that credit again.
   */
  observe(channel: Channel, state: ChannelState): Promise<void>
  /**
   * Takes pieces of `price` base units out of a channel's credit for something about to be served. Resolves when it would
   * survive a power loss: no credit is ever served twice.
   * @returns How many pieces the credit had, at most `most`.
   * @throws `UNKNOWN_CHANNEL`, `STORE_FAILED`, and then nothing was charged, `INVALID_ARGUMENT` where the price is not positive
   */
  charge(channelId: Hex, price: bigint, most: number): Promise<number>
  /**
   * Makes base units that were charged and not served credit again. At once in memory; resolves when it would survive a
   * power loss, before which the payer would lose them.
   * @throws `UNKNOWN_CHANNEL`, `STORE_FAILED`, `INVALID_ARGUMENT` where less was ever charged
   */
  giveBack(channelId: Hex, amount: bigint): Promise<void>
  /** @throws `UNKNOWN_CHANNEL` */
  standing(channelId: Hex): Promise<Standing>
  /** The best claims on every channel that has something new to claim, the largest first. */
  claimable(): Promise<Claim[]>
  /** Resolves when the channel has at least `amount` base units of credit; rejects when `signal` aborts. */
  credited(channelId: Hex, amount: bigint, signal: AbortSignal): Promise<void>
  /** Tells of channels that another process changed: they may have credit now. Of none where any may have been changed. */
  watch(changed: (channelId?: Hex) => void): void
}

/** A channel in memory. */
type Entry = {
  /** The newest record, maybe on its way to the disk. */
  record: PayeeRecord
  /** The newest record on the disk: only what it says was paid counts. */
  stored: PayeeRecord
  /** Whether that one ever was written: a channel that is new is not. */
  isStored: boolean
  /** In a store that several processes share: the version that it was read with, and that of `record`. */
  readonly read: string
  version: string
  /** The write of `record`, while it is under way. */
  saving?: Saving | undefined
}

/** A write: `durable` settles when it is known whether its record reached the disk, itself or in the `later` one. */
type Saving = { durable: Promise<void>; later?: Saving | undefined }

/** The flag of channels that may draw on their payer's purse; others have no meaning, and the contract refuses them. */
const MAY_DRAW = 1

/** What a payee says by an older record than another process knows: it looks at the newest before it says so. */
const DOUBTFUL: readonly ErrorCode[] = [
  'UNKNOWN_CHANNEL',
  'INVALID_TICK',
  'STALE_PAYMENT',
  'DEPOSIT_EXCEEDED',
  'CHANNEL_EXITING',
  'INVALID_ARGUMENT',
]

/** How often something is tried that other processes were quicker with: each time one of them got on. */
const MOST_ATTEMPTS = 200

/** Milliseconds between two of these attempts at most. */
const LONGEST_PAUSE = 32

/** How often, and with how many milliseconds in between, credit is given back that a store does not take: for an hour. */
const MOST_LATE_ATTEMPTS = 7_200
const LATE_PAUSE = 500

/**
 * The earning end of channels, with no I/O but the store. An account has one payee a store: two would serve the same credit
 * twice. Where several processes share the store, each has one: what they write is decided on the newest record, and again
 * where another one was quicker; what they only say, as `standing` does, may be some milliseconds old.
 */
export function createPayee({ account, store, accept }: PayeeParameters): Payee {
  const address = account.address.toLowerCase() as Address
  const contract = accept.contract.toLowerCase() as Address
  const currencies = new Set(accept.currencies.map((currency) => currency.toLowerCase()))
  const isShared = store.watch !== undefined
  const entries = new Map<Hex, Entry>()
  const loading = new Map<Hex, Promise<Entry | undefined>>()
  /** Channels on which another process was quicker just now. */
  const retreats = new Map<Hex, Promise<void>>()
  /** Who waits for credit. */
  const waiting = new Map<Hex, Set<() => void>>()
  const self = toHex(randomBytes(12))
  let versions = 0
  const newVersion = () => `${self}.${versions++}`
  const key = `${accept.chainId}/${contract}/${address}`
  const exposures = createExposures({ ...accept, store, key, newVersion })

  /** Brings the stored record of a channel into memory, where there is one. All calls share one entry. */
  const load = async (id: Hex): Promise<Entry | undefined> => entries.get(id) ?? loading.get(id) ?? read(id)

  const read = (id: Hex): Promise<Entry | undefined> => {
    const work: Promise<Entry | undefined> = readPayeeRecord(store, id)
      .then(({ record, version }) => {
        // Another process changed it while it was read.
        if (loading.get(id) !== work) return load(id)
        const entry = entries.get(id) ?? (record && storedEntry(record, version))
        if (entry !== undefined) entries.set(id, entry)
        if (isShared && entry !== undefined) exposures.note(entry.record)
        return entry
      })
      .finally(() => {
        if (loading.get(id) === work) loading.delete(id)
      })
    loading.set(id, work)
    return work
  }

  /** Has the record of a channel read again when it is needed next. */
  const forget = (id: Hex) => {
    entries.delete(id)
    loading.delete(id)
  }

  /** Whether a version of a channel's record is this process's own, or what it is built on. */
  const isKnown = (version: string, entry: Entry | undefined) =>
    version.startsWith(`${self}.`) || version === entry?.read

  /** Looks whether another process changed the record of a channel, and takes over what it wrote. */
  const refresh = async (id: Hex): Promise<void> => {
    const entry = entries.get(id)
    if (entry === undefined) return forget(id)
    const { record, version } = await readPayeeRecord(store, id)
    if (record === undefined || entries.get(id) !== entry || isKnown(version, entry)) return
    entries.set(id, storedEntry(record, version))
    exposures.note(record)
  }

  const known = async (id: Hex): Promise<Entry> => {
    const entry = await load(id)
    if (entry === undefined) throw new ScripError('UNKNOWN_CHANNEL', { values: { channelId: id } })
    return entry
  }

  /** Waits after a conflict. All that was under way on the channel waits together, and goes on in one write. */
  const retreat = (id: Hex, attempt: number): Promise<void> => {
    const present = retreats.get(id) ?? pause(attempt).then(() => void retreats.delete(id))
    retreats.set(id, present)
    return present
  }

  /** Decides something on the newest record, and again on a newer one where another process was quicker. */
  const decide = async <Result>(id: Hex, work: (isNewest: boolean) => Promise<Result>): Promise<Result> => {
    let isNewest = !isShared || (!entries.has(id) && !loading.has(id))
    for (let attempt = 1; ; attempt++) {
      try {
        if (!exposures.isLoaded()) await exposures.load()
        return await work(isNewest)
      } catch (error) {
        const code = error instanceof ScripError ? error.code : undefined
        if (code === 'STORE_CONFLICT' && attempt < MOST_ATTEMPTS) {
          await retreat(id, attempt)
          continue
        }
        if (isNewest || code === undefined || !DOUBTFUL.includes(code)) throw error
        if (code === 'DEPOSIT_EXCEEDED') exposures.forget()
        await refresh(id)
        isNewest = true
      }
    }
  }

  const wake = (id: Hex) => {
    for (const resume of waiting.get(id) ?? []) resume()
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
    if ((channel.flags & ~MAY_DRAW) !== 0) throw wrong(`The channel has unknown flags, ${channel.flags}.`)
  }

  /** Makes a record the newest. Resolves when it is on the disk, by this write or by a later one. */
  const save = (entry: Entry, record: PayeeRecord): Promise<void> => {
    const { id } = record.channel
    const from = entry.version
    const guard = exposures.guard(entry.record, record)
    if (isShared) entry.version = newVersion()
    const revision = isShared ? { from, to: entry.version } : undefined
    const changes = payeeRecordChanges(record, entry.isStored ? entry.stored : undefined, revision)
    /** Lets go of writes that are over: as one long list they would cost the collector of garbage more than all else. */
    const end = () => {
      const { later } = saving
      saving.later = undefined
      if (entry.saving === saving) entry.saving = undefined
      return later
    }
    const saved = () => {
      end()
      const isMore = creditIn(entry.record, record) > creditIn(entry.record, entry.stored)
      entry.stored = record
      entry.isStored = true
      if (isMore) wake(id)
    }
    const failed = (error: unknown) => {
      const later = end()
      if (isShared) {
        // Whatever was built on it failed, too: the store says what is true.
        if (entries.get(id) === entry) forget(id)
        exposures.note(entry.stored)
        if (guard !== undefined) exposures.forget()
        throw error
      }
      // The next record holds all that this one does: its write decides.
      if (later !== undefined) return later.durable
      // There is none, so the payment was never made. What was served and seen stays true without the disk.
      const { voucher, tick, gaps, older } = entry.stored
      const { channel, state, charged } = entry.record
      const paid = {
        ...(voucher && { voucher }),
        ...(tick && { tick }),
        ...(gaps && { gaps }),
        ...(older && { older }),
      }
      keep(entry, { channel, state, charged, ...paid })
      throw error
    }
    const saving: Saving = {
      durable: store.write(guard ? [...changes, guard] : changes).then(saved, failed),
    }
    if (entry.saving !== undefined) entry.saving.later = saving
    entry.saving = saving
    keep(entry, record)
    return saving.durable
  }

  const keep = (entry: Entry, record: PayeeRecord) => {
    entry.record = record
    exposures.note(record)
  }

  /** Saves a record that charges more than the one before; where that fails nothing is charged. */
  const saveCharging = async (entry: Entry, record: PayeeRecord, amount: bigint): Promise<void> => {
    try {
      await save(entry, { ...record, charged: record.charged + amount })
    } catch (error) {
      entry.record = { ...entry.record, charged: entry.record.charged - amount }
      // Where it turns out later that it was charged after all, nothing was served for it.
      const isCharged = amount > 0n ? outcomeOf(error) : undefined
      isCharged?.then((isTrue) => (isTrue ? giveBack(record.channel.id, amount) : undefined)).catch(() => {})
      throw error
    }
  }

  /** What a database that is away does not take is given back once it does: only this process knows of it. */
  const giveBack = async (id: Hex, amount: bigint): Promise<void> => {
    try {
      await lowerCharged(id, amount)
    } catch (error) {
      const isTrouble = error instanceof ScripError && error.code.startsWith('STORE_')
      if (isShared && isTrouble) giveBackLater(id, amount, error).catch(() => {})
      throw error
    }
  }

  const giveBackLater = async (id: Hex, amount: bigint, trouble: ScripError): Promise<void> => {
    let isDone = outcomeOf(trouble)
    for (let attempt = 0; attempt < MOST_LATE_ATTEMPTS && !(await isDone); attempt++) {
      await restfully(LATE_PAUSE)
      try {
        return await lowerCharged(id, amount)
      } catch (error) {
        isDone = outcomeOf(error)
      }
    }
  }

  const lowerCharged = (id: Hex, amount: bigint): Promise<void> =>
    decide(id, async () => {
      const entry = await known(id)
      const { record } = entry
      if (amount <= 0n || amount > record.charged) {
        throw new ScripError('INVALID_ARGUMENT', {
          detail: `${amount} cannot be given back of the ${record.charged} that were charged.`,
          values: { channelId: id, amount, charged: record.charged },
        })
      }
      const saved = save(entry, { ...record, charged: record.charged - amount })
      wake(id)
      await saved
    })

  const standingOf = ({ record, stored }: Entry): Standing => {
    const accepted = paidIn(stored)
    return {
      channel: record.channel,
      accepted,
      charged: record.charged,
      credit: creditIn(record, stored),
      unclaimed: accepted - record.state.claimed,
    }
  }

  /** Resolves when credit was added to the channel. */
  const nextCredit = (id: Hex, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const resumes = waiting.get(id) ?? new Set()
      waiting.set(id, resumes)
      const stop = () => {
        resumes.delete(resume)
        if (resumes.size === 0) waiting.delete(id)
        signal.removeEventListener('abort', abort)
      }
      const resume = () => {
        stop()
        resolve()
      }
      const abort = () => {
        stop()
        reject(signal.reason)
      }
      resumes.add(resume)
      signal.addEventListener('abort', abort)
      if (signal.aborted) abort()
    })

  const watchers: ((channelId?: Hex) => void)[] = []
  watchPayeeRecords(store, (id, version) => {
    if (id !== undefined && isKnown(version, entries.get(id))) return
    for (const stale of id === undefined ? [...entries.keys(), ...loading.keys()] : [id]) forget(stale)
    for (const waiter of id === undefined ? [...waiting.keys()] : [id]) wake(waiter)
    for (const watcher of watchers) watcher(id)
  })

  return {
    address,
    accepts: { chainId: accept.chainId, contract },

    accept: async (bytes, { hold, ...statement } = {}) => {
      const payment = decodePayment(bytes)
      return decide(payment.channelId, async () => {
        const kept = entries.get(payment.channelId) ?? (await load(payment.channelId))
        const entry = kept ?? (payment.channel && newEntry(payment.channel))
        if (entry === undefined) throw new ScripError('UNKNOWN_CHANNEL', { values: { channelId: payment.channelId } })
        const { record } = entry
        // The store may hold channels of an earlier setting, whose payments could not be claimed.
        check(record.channel)
        // Nothing covers a channel that nobody saw on chain, so that strangers who make up channels take no memory.
        const covered = kept === undefined ? 0n : exposures.covered(record)
        const { record: next, added, isNewest } = judge(record, payment, statement, covered)
        const isAlone = isNewest && next.gaps === undefined && isLast(statement, next, added)
        const held = hold === 'rest' && isAlone ? paidIn(next) - next.charged : hold === undefined ? 0n : added
        if (next !== record) await saveCharging(entry, next, held)
        // Nothing new, but it may still be on its way to the disk.
        else if (paidIn(next) > paidIn(entry.stored)) await entry.saving?.durable
        return { ...standingOf(entry), added, held }
      })
    },

    check,

    observe: async (channel, state) => {
      check(channel)
      await decide(channel.id, async () => {
        const kept = await load(channel.id)
        const entry = entries.get(channel.id) ?? kept ?? newEntry(channel)
        entries.set(channel.id, entry)
        // Claims only grow: another process saw a newer state.
        if (isShared && state.claimed < entry.record.state.claimed) return
        await save(entry, observed(entry.record, state))
      })
    },

    charge: async (id, price, most) => {
      if (price <= 0n || !Number.isInteger(most) || most < 0) {
        throw new ScripError('INVALID_ARGUMENT', {
          detail: 'A charge takes a whole number of pieces at a positive price.',
          values: { price, most },
        })
      }
      return decide(id, async (isNewest) => {
        const pieces = (entry: Entry) => Number(smaller(standingOf(entry).credit / price, BigInt(most)))
        let entry = entries.get(id) ?? (await known(id))
        if (!isNewest && pieces(entry) === 0) {
          // Another process may have taken a payment.
          await refresh(id)
          entry = await known(id)
        }
        const count = pieces(entry)
        if (count > 0) await saveCharging(entry, entry.record, BigInt(count) * price)
        return count
      })
    },

    giveBack,

    standing: async (id) => standingOf(await known(id)),

    claimable: async () => {
      const records = await allPayeeRecords(store)
      return records
        .filter((record) => isOurs(record.channel) && unclaimedIn(record) > 0n)
        .sort((a, b) => (unclaimedIn(a) < unclaimedIn(b) ? 1 : -1))
        .flatMap((record) => claimIn(record) ?? [])
    },

    credited: async (id, amount, signal) => {
      for (;;) {
        const entry = await known(id)
        if (standingOf(entry).credit >= amount) return
        // Not where it was changed meanwhile: nobody would wake this call.
        if (entries.get(id) === entry) await nextCredit(id, signal)
      }
    },

    watch: (changed) => {
      watchers.push(changed)
    },
  }
}

/** Whether a payment says that none below it is on its way. */
function isLast({ amount, arrived = 0n }: Statement, record: PayeeRecord, added: bigint): boolean {
  return amount === undefined || arrived >= paidIn(record) - added
}

/** What is left of what the disk knows to be paid. A charge counts before it is on the disk, so that nothing is spent twice. */
function creditIn(record: PayeeRecord, stored: PayeeRecord): bigint {
  const credit = paidIn(stored) - record.charged - sizeOf(record.gaps ?? [])
  return credit > 0n ? credit : 0n
}

/** Waits before another attempt, by chance: processes that met must not meet again. */
function pause(attempt: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(2 ** attempt, LONGEST_PAUSE)))
}

/** Waits, and keeps no process alive. */
function restfully(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const timer: unknown = setTimeout(resolve, milliseconds)
    if (typeof timer === 'object' && timer !== null && 'unref' in timer) (timer as { unref(): void }).unref()
  })
}

function storedEntry(record: PayeeRecord, version: string): Entry {
  return { record, stored: record, isStored: true, read: version, version }
}

function newEntry(channel: Channel): Entry {
  return { ...storedEntry(newRecord(channel), ''), isStored: false }
}

function smaller(one: bigint, other: bigint): bigint {
  return one < other ? one : other
}
