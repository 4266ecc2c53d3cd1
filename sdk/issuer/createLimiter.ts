import { ScripError } from '../errors/ScripError.ts'

/** How much somebody may do: so much at once, and then so much a second. */
export type Rate = { readonly burst: number; readonly perSecond: number }

/** Counts what each key does. */
export type Limiter = {
  /** Counts one. @throws `TOO_MANY_REQUESTS` with `values.retryAfter` in seconds */
  take(key: string): void
}

/** Keys that are remembered. Who is forgotten has all of its burst again, which needs that many others to come in between. */
const MOST_KEYS = 10_000

/** A limit for each of many keys, in constant memory. */
export function createLimiter({ burst, perSecond }: Rate): Limiter {
  const buckets = new Map<string, { left: number; at: number }>()
  return {
    take(key) {
      const now = performance.now()
      const { left, at } = buckets.get(key) ?? { left: burst, at: now }
      const present = Math.min(burst, left + ((now - at) / 1_000) * perSecond)
      // Taken out and put back, the key is the youngest: the first of the map is the one not seen for longest.
      buckets.delete(key)
      buckets.set(key, { left: present >= 1 ? present - 1 : present, at: now })
      const [oldest] = buckets.keys()
      if (buckets.size > MOST_KEYS && oldest !== undefined) buckets.delete(oldest)
      if (present >= 1) return
      const retryAfter = Math.ceil((1 - present) / perSecond)
      throw new ScripError('TOO_MANY_REQUESTS', { values: { retryAfter } })
    },
  }
}
