import type { Address } from 'viem'
import type { Graph } from './Graph.ts'
import { parsePair } from './parsePair.ts'

/**
 * The reputation of `target` in the eyes of `source`, over at most one peer between them: the value that `target` served
 * to `source` itself, and, through each peer k that served `source`, what `target` served to k, counted no higher than what k
 * served to `source`:
 *
 * c(source, target) + Σₖ min(c(source, k), c(k, target))
 *
 * That is the max-flow from `source` to `target`, along the edges from consumer to provider, limited to two hops. Whatever
 * `target` and its sock puppets claim of each other counts nothing, and a peer in between vouches for no more than it
 * earned with `source` itself. Being limited to friends of friends makes it harder to game than `maxFlow` and far quicker,
 * but 0 for most strangers. `source` is the peer that decides, a provider say, and `target` the one that asks to be served.
 *
 * @returns The flow in the network's unit of value; 0 for peers without an edge.
 * @throws INVALID_ARGUMENT if one of them is not an address, or both are the same peer.
 */
export function twoHopFlow(graph: Graph, source: Address, target: Address): bigint {
  const pair = parsePair(source, target)
  const from = graph.indexOf(pair.source)
  const to = graph.indexOf(pair.target)
  if (from === undefined || to === undefined) return 0n

  const { starts, ends, peers, weights } = graph.rows
  let flow = 0n
  for (let slot = starts[from] as number; slot < (ends[from] as number); slot++) {
    const middle = peers[slot] as number
    if (middle === to) {
      flow += weights.at(slot)
      continue
    }
    const second = graph.weightAt(middle, to)
    if (second === 0n) continue
    const first = weights.at(slot)
    flow += first < second ? first : second
  }
  return flow
}
