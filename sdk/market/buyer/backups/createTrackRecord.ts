import type { Address } from 'viem'
import { put, type Store, type Table } from '../../../store/Store.ts'
import { type Experience, estimateFailure, learnPrior, pooled } from '../../backup/estimateFailure.ts'
import type { Told } from './Backups.ts'

/** What a buyer saw of a seller. A time counts once, however many pieces the seller had. */
type Seen = Experience & {
  readonly seller: Address
  /** Unix seconds up to which it was seen. */
  readonly until: number
}

const seen: Table<Seen> = 'market/track-record'

/** How sellers kept what they were paid to keep. */
export type TrackRecord = {
  /** A seller held a piece that it took at `since`. */
  held(seller: Address, since: number): Promise<void>
  /** A seller lost what it took at `since`. */
  lost(seller: Address, since: number): Promise<void>
  /** How probably each of these sellers loses a piece within so many seconds. */
  failuresOf(sellers: readonly Address[], seconds: number): Promise<number[]>
}

export function createTrackRecord(store: Store, clock: () => number, told: Told): TrackRecord {
  const note = async (seller: Address, since: number, losses: number) => {
    const now = clock()
    const before = (await store.get(seen, seller)) ?? { seller, seconds: 0, losses: 0, until: 0 }
    const seconds = before.seconds + Math.max(0, now - Math.max(before.until, since))
    await store.write([put(seen, seller, { seller, seconds, losses: before.losses + losses, until: now })])
  }
  return {
    held: (seller, since) => note(seller, since, 0),
    lost: (seller, since) => note(seller, since, 1),
    failuresOf: async (sellers, seconds) => {
      const everybody = await store.all(seen)
      const prior = learnPrior(everybody)
      const own = new Map(everybody.map((one) => [one.seller, one]))
      return sellers.map((seller) => {
        const known = [own.get(seller), told(seller)].filter((one) => one !== undefined)
        return estimateFailure(pooled(known), seconds, prior)
      })
    },
  }
}
