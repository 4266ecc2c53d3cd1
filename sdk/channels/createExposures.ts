import type { Address, Hex } from 'viem'
import type { Store } from '../store/Store.ts'
import { MAX_TOTAL } from './Channel.ts'
import { type PayeeRecord, paidIn, payees } from './PayeeRecord.ts'

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
}

/** What `createExposures` takes of a policy, in base units. */
export type ExposureLimits = { readonly maxExposure: bigint; readonly depositMargin?: bigint }

/** Keeps the sum of what was taken beyond deposits, a currency at a time. */
export function createExposures(store: Store, { maxExposure, depositMargin = 0n }: ExposureLimits): Exposures {
  /** What is exposed on each channel where that is more than nothing. */
  const exposed = new Map<Hex, { token: Address; amount: bigint }>()
  const noted = new Set<Hex>()
  let isLoaded = maxExposure === 0n

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

  return {
    note,
    isLoaded: () => isLoaded,

    load: async () => {
      // What was noted meanwhile is newer than what the store gives.
      for (const record of await store.all(payees)) if (!noted.has(record.channel.id)) note(record)
      isLoaded = true
    },

    covered: (record) => {
      let left = maxExposure
      for (const [id, { token, amount }] of exposed) {
        if (id !== record.channel.id && token === record.channel.token) left -= amount
      }
      const covered = secured(record) + (left > 0n ? left : 0n)
      return covered < MAX_TOTAL ? covered : MAX_TOTAL
    },
  }
}
