import type { Address, Hex } from 'viem'
import { type Change, put, type Store, type Table } from '../store/Store.ts'
import { MAX_TOTAL } from './Channel.ts'
import { type PayeeRecord, paidIn } from './PayeeRecord.ts'
import { allPayeeRecords } from './payeeRecords.ts'

/**
 * The guards of a store that several processes share, by payee. Whoever takes more beyond deposits puts a new version of its
 * guard in the same write: nobody else can then who does not know of it.
 */
export const guards: Table<object> = 'guards'

/** What a payee took beyond deposits, over all its channels. */
export type Exposures = {
  /** Whether the channels of earlier starts are known, which `covered` needs. */
  isLoaded(): boolean
  /** Brings those in. @throws `STORE_FAILED` */
  load(): Promise<void>
  /** Says how a channel stands now. */
  note(record: PayeeRecord): void
  /** The highest total that may be taken on a channel: what its deposit secures, and what may still be risked. */
  covered(record: PayeeRecord): bigint
  /** What belongs into the write of a record that risks more than the one before; nothing where it does not. */
  guard(before: PayeeRecord, after: PayeeRecord): Change | undefined
  /** Has the channels brought in again: other processes took more on them, or may have. */
  forget(): void
}

/** What `createExposures` takes besides the policy. */
export type ExposuresParameters = ExposureLimits & {
  store: Store
  /** The guard of this payee. */
  key: string
  /** A version that nothing had before. */
  newVersion: () => string
}

/** What `createExposures` takes of a policy, in base units. */
export type ExposureLimits = { readonly maxExposure: bigint; readonly depositMargin?: bigint }

/** Keeps the sum of what was taken beyond deposits, a currency at a time. */
export function createExposures(parameters: ExposuresParameters): Exposures {
  const { store, key, newVersion, maxExposure, depositMargin = 0n } = parameters
  /** What is exposed on each channel where that is more than nothing. */
  const exposed = new Map<Hex, { token: Address; amount: bigint }>()
  const noted = new Set<Hex>()
  let isLoaded = maxExposure === 0n
  let loading: Promise<void> | undefined
  let version = ''

  const secured = ({ state: { claimed, deposit } }: PayeeRecord): bigint =>
    claimed + (deposit > depositMargin ? deposit - depositMargin : 0n)

  const note = (record: PayeeRecord) => {
    if (maxExposure === 0n) return
    const { id, token } = record.channel
    const amount = paidIn(record) - secured(record)
    noted.add(id)
    if (amount > 0n) exposed.set(id, { token, amount })
    else exposed.delete(id)
  }

  const load = async () => {
    // The guard first: who raises it after that has this payee come back here.
    const guard = store.watch && (await store.read(guards, key))
    const records = await allPayeeRecords(store)
    // What was noted meanwhile is newer than what the store gives.
    for (const record of records) if (!noted.has(record.channel.id)) note(record)
    version = guard?.version ?? ''
    isLoaded = true
  }

  return {
    note,
    isLoaded: () => isLoaded,

    load: () => {
      loading ??= load().finally(() => {
        loading = undefined
      })
      return loading
    },

    covered: (record) => {
      let left = maxExposure
      for (const [id, { token, amount }] of exposed) {
        if (id !== record.channel.id && token === record.channel.token) left -= amount
      }
      const covered = secured(record) + (left > 0n ? left : 0n)
      return covered < MAX_TOTAL ? covered : MAX_TOTAL
    },

    guard: (before, after) => {
      const isMore = paidIn(after) > secured(after) && paidIn(after) - secured(after) > paidIn(before) - secured(before)
      if (maxExposure === 0n || store.watch === undefined || !isMore) return undefined
      const from = version
      version = newVersion()
      return put(guards, key, {}, { from, to: version })
    },

    forget: () => {
      if (maxExposure === 0n) return
      isLoaded = false
      // Whoever decides before they are brought in again comes too late.
      version = newVersion()
      noted.clear()
      exposed.clear()
    },
  }
}
