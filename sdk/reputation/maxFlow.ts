import type { Address } from 'viem'
import { ScripError } from '../errors/ScripError.ts'
import { FlowSearch } from './FlowSearch.ts'
import type { Graph } from './Graph.ts'
import { parsePair } from './parsePair.ts'

export type MaxFlowOptions = {
  /** How many edges may be looked at in the search, a safe integer from 0. No limit where not given. */
  readonly budget?: number | undefined
}

/** What flows over one edge, from consumer to provider, in the network's unit of value. */
export type FlowEdge = { readonly from: Address; readonly to: Address; readonly amount: bigint }

export type MaxFlowResult = {
  /** The flow found: the maximum where `exact`, else a lower bound of it. In the network's unit of value. */
  readonly value: bigint
  /** Whether no larger flow exists, as `cut` proves. Only a budget that ran out makes it false. */
  readonly exact: boolean
  /**
   * The witness: for each edge that is used how much flows, above 0 and no more than the edge's weight. Into every peer but
   * the two flows as much as out of it. Ascending by `from`, then by `to`.
   */
  readonly flow: FlowEdge[]
  /**
   * The certificate: the source and the peers on its side of a cut, ascending. No flow exceeds the weights of all edges that
   * leave them. Where `exact` that sum is `value`; where not, the cut is the source alone, and the sum an upper bound.
   */
  readonly cut: Address[]
}

/**
 * The reputation of `target` in the eyes of `source`: the max-flow from `source` to `target` along the edges from consumer to
 * provider. It counts what `target` served to `source`, to peers that served `source`, to peers that served those, and so on,
 * and no peer vouches for more than it earned itself. What `target` and its sock puppets claim of each other counts
 * nothing: all of it lies behind the edges that others made to them. `source` is the peer that decides, a provider say, and
 * `target` the one that asks to be served.
 *
 * Flows of two sources that share edges do not add up. The cost grows with the graph; a `budget` bounds it.
 *
 * @throws INVALID_ARGUMENT if one of them is not an address, if both are the same peer, or if `budget` is not a safe integer
 * from 0.
 *
 * @example
 * const { value, exact } = maxFlow(graph, me, asking, { budget: 1_000_000 })
 */
export function maxFlow(
  graph: Graph,
  source: Address,
  target: Address,
  { budget = Number.MAX_SAFE_INTEGER }: MaxFlowOptions = {},
): MaxFlowResult {
  const pair = parsePair(source, target)
  if (!Number.isSafeInteger(budget) || budget < 0) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: '`budget` is not a safe integer from 0',
      hint: 'Give the number of edges that may be looked at, or leave it out.',
      values: { budget },
    })
  }
  const from = graph.indexOf(pair.source)
  const to = graph.indexOf(pair.target)
  if (from === undefined) return { value: 0n, exact: true, flow: [], cut: [pair.source] }
  // No edge leads to a stranger, so all others are on the source's side.
  if (to === undefined) return { value: 0n, exact: true, flow: [], cut: [...graph.peers] }

  const peerAt = (index: number): Address => graph.peers[index] as Address
  const search = new FlowSearch(graph.rows, from, to, budget)
  const complete = search.run()
  return {
    value: search.value,
    // Where all that leaves the source flows, its own edges are the cut that proves it, budget or not.
    exact: complete || search.value === graph.rows.outTotals.at(from),
    flow: search.flow().map((used) => ({ from: peerAt(used.from), to: peerAt(used.to), amount: used.amount })),
    cut: complete ? Array.from(search.reached(), peerAt) : [pair.source],
  }
}
