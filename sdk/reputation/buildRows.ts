import { Rows } from './Rows.ts'
import { Weights } from './Weights.ts'

/** Edges as they came: in any order, with repeats, which add up. All lists are of one length. */
export type RawEdges = {
  readonly consumers: Uint32Array
  readonly providers: Uint32Array
  readonly weights: Weights
}

/** Sorts edges into rows by consumer. The outcome does not depend on their order. */
export function buildRows(peerCount: number, { consumers, providers, weights }: RawEdges): Rows {
  // By provider first, then, stably, by consumer: rows by consumer with providers rising in each.
  const order = sortBy(consumers, peerCount, sortBy(providers, peerCount, Uint32Array.from(consumers.keys())))

  const starts = new Uint32Array(peerCount + 1)
  const merged = { providers: new Uint32Array(order.length), weights: new Weights(order.length) }
  let count = 0
  let lastConsumer = -1
  for (const edge of order) {
    const consumer = consumers[edge] as number
    const provider = providers[edge] as number
    if (consumer === lastConsumer && provider === merged.providers[count - 1]) {
      merged.weights.set(count - 1, merged.weights.at(count - 1) + weights.at(edge))
      continue
    }
    merged.providers[count] = provider
    merged.weights.set(count, weights.at(edge))
    count++
    starts[consumer + 1] = count
    lastConsumer = consumer
  }
  // A peer that consumed nothing has an empty row, which starts and ends where the one before it ends.
  for (let peer = 0; peer < peerCount; peer++) {
    starts[peer + 1] = Math.max(starts[peer] as number, starts[peer + 1] as number)
  }
  if (count < order.length) merged.weights.resize(count)
  return new Rows(starts, merged.providers.slice(0, count), merged.weights)
}

/** The same edges by provider, with rounded weights alone: who was served by each peer. */
export function transposeRows(rows: Rows): Rows {
  const peerCount = rows.starts.length
  const starts = new Uint32Array(peerCount + 1)
  for (let row = 0; row < peerCount; row++) {
    for (let slot = rows.starts[row] as number; slot < (rows.ends[row] as number); slot++) {
      const peer = rows.peers[slot] as number
      starts[peer + 1] = (starts[peer + 1] as number) + 1
    }
  }
  for (let peer = 0; peer < peerCount; peer++)
    starts[peer + 1] = (starts[peer + 1] as number) + (starts[peer] as number)

  const next = starts.slice()
  const consumers = new Uint32Array(starts[peerCount] as number)
  const weights = new Weights(consumers.length, 0)
  for (let row = 0; row < peerCount; row++) {
    for (let slot = rows.starts[row] as number; slot < (rows.ends[row] as number); slot++) {
      const peer = rows.peers[slot] as number
      const place = next[peer] as number
      consumers[place] = row
      weights.rounded[place] = rows.weights.rounded[slot] as number
      next[peer] = place + 1
    }
  }
  return new Rows(starts, consumers, weights)
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
