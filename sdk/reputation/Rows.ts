import { BigUintArray } from './BigUintArray.ts'

/**
 * A graph's edges in compressed sparse rows. Peers and edges go by index: the edges of consumer `i` are those from
 * `starts[i]` up to, not including, `starts[i + 1]`, by rising provider.
 */
export type Rows = {
  readonly starts: Uint32Array
  /** The provider of each edge. */
  readonly providers: Uint32Array
  /** The weight of each edge, above zero. */
  readonly weights: BigUintArray
  /** What part of its consumer's total each edge is. A row adds up to 1. */
  readonly shares: Float64Array
  /** The sum over each peer's edges as a consumer. */
  readonly outTotals: BigUintArray
  /** The sum over each peer's edges as a provider. */
  readonly inTotals: BigUintArray
}

/** Edges as they came: in any order, with repeats, which add up. All lists are of one length. */
export type RawEdges = {
  readonly consumers: Uint32Array
  readonly providers: Uint32Array
  readonly weights: readonly bigint[]
}

/** Sorts edges into rows. The outcome does not depend on their order. */
export function buildRows(peerCount: number, { consumers, providers, weights }: RawEdges): Rows {
  // By provider first, then, stably, by consumer: rows by consumer with providers rising in each.
  const order = sortBy(consumers, peerCount, sortBy(providers, peerCount, Uint32Array.from(weights.keys())))

  const starts = new Uint32Array(peerCount + 1)
  const merged: { providers: number[]; weights: bigint[] } = { providers: [], weights: [] }
  let lastConsumer = -1
  for (const edge of order) {
    const consumer = consumers[edge] as number
    const provider = providers[edge] as number
    const weight = weights[edge] as bigint
    const last = merged.weights.length - 1
    if (consumer === lastConsumer && provider === merged.providers[last]) {
      merged.weights[last] = (merged.weights[last] as bigint) + weight
    } else {
      merged.providers.push(provider)
      merged.weights.push(weight)
      starts[consumer + 1] = merged.weights.length
      lastConsumer = consumer
    }
  }
  // A peer that consumed nothing has an empty row, which starts and ends where the one before it ends.
  for (let peer = 0; peer < peerCount; peer++) {
    starts[peer + 1] = Math.max(starts[peer] as number, starts[peer + 1] as number)
  }

  const outTotals = new Array<bigint>(peerCount).fill(0n)
  const inTotals = new Array<bigint>(peerCount).fill(0n)
  const shares = new Float64Array(merged.weights.length)
  for (let consumer = 0; consumer < peerCount; consumer++) {
    const start = starts[consumer] as number
    const end = starts[consumer + 1] as number
    let total = 0n
    for (let edge = start; edge < end; edge++) {
      const provider = merged.providers[edge] as number
      const weight = merged.weights[edge] as bigint
      total += weight
      inTotals[provider] = (inTotals[provider] as bigint) + weight
    }
    outTotals[consumer] = total
    for (let edge = start; edge < end; edge++) shares[edge] = Number(merged.weights[edge]) / Number(total)
  }

  return {
    starts,
    providers: Uint32Array.from(merged.providers),
    weights: new BigUintArray(merged.weights),
    shares,
    outTotals: new BigUintArray(outTotals),
    inTotals: new BigUintArray(inTotals),
  }
}

/** The edge from `consumer` to `provider`, or undefined where there is none. */
export function findEdge({ starts, providers }: Rows, consumer: number, provider: number): number | undefined {
  let low = starts[consumer] as number
  let high = starts[consumer + 1] as number
  while (low < high) {
    const middle = (low + high) >>> 1
    const found = providers[middle] as number
    if (found === provider) return middle
    if (found < provider) low = middle + 1
    else high = middle
  }
  return undefined
}

/** Counting sort of `items` by their key, which is below `keyCount`; equal keys keep their order. */
function sortBy(keys: Uint32Array, keyCount: number, items: Uint32Array): Uint32Array {
  const next = new Uint32Array(keyCount + 1)
  for (const key of keys) next[key + 1] = (next[key + 1] as number) + 1
  for (let key = 0; key < keyCount; key++) next[key + 1] = (next[key + 1] as number) + (next[key] as number)
  const sorted = new Uint32Array(items.length)
  for (const item of items) {
    const key = keys[item] as number
    const place = next[key] as number
    sorted[place] = item
    next[key] = place + 1
  }
  return sorted
}
