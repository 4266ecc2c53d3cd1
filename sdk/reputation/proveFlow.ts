import type { Address } from 'viem'
import type { Graph } from './Graph.ts'
import { type FlowEdge, type MaxFlowOptions, maxFlow } from './maxFlow.ts'
import { parseEnds } from './parseEnds.ts'

/** What `FlowVerifier` checks on chain, every list in the order that it asks for. Addresses are in lower case. */
export type FlowProof = {
  /** In whose eyes. */
  readonly sources: Address[]
  /** Who is looked at. */
  readonly target: Address
  /** The max-flow is at least this, as `flow` shows. */
  readonly least: bigint
  /** The max-flow is at most this, as `cut` shows. The same as `least` unless a budget ran out. */
  readonly most: bigint
  /** The witness: the edges over which something flows. `IFlowVerifier.lowerBound`. */
  readonly flow: FlowEdge[]
  /** The certificate. `IFlowVerifier.upperBound`. */
  readonly cut: ProvenCut
}

export type ProvenCut = {
  /** The peers of one side. */
  readonly side: Address[]
  /** Whether that is the sources' side; else it is the target's. */
  readonly sourceSide: boolean
  /** Every edge between two peers of the side, with all that it holds. */
  readonly internalEdges: FlowEdge[]
}

/**
 * Proves the reputation of `target` in the eyes of `source`, or of several, to a contract that knows nothing of the graph but
 * single edges and totals: by `maxFlow` with a witness that it is no less and a certificate that it is no more. Few edges
 * suffice, because paths are found shortest first, and the side of the cut that is listed is the one that was searched
 * through first.
 *
 * The graph has to hold what the network's edges held when the last epoch closed, as `getClosedEdges` reads them.
 *
 * @throws INVALID_ARGUMENT as `maxFlow`.
 *
 * @example
 * const { epoch, edges } = await getClosedEdges(client, { networkId, edges: await indexer.edges() })
 * const proof = proveFlow(Graph.fromEdges(edges), seeds, me)
 * await admit(client, { networkId, proof: encodeFlowWitness({ epoch, flow: proof.flow }) })
 */
export function proveFlow(
  graph: Graph,
  source: Address | readonly Address[],
  target: Address,
  options: MaxFlowOptions = {},
): FlowProof {
  const ends = parseEnds(source, target)
  const { value, flow, cut } = maxFlow(graph, ends.sources, ends.target, options)
  const { side, sourceSide } = cut
  return {
    ...ends,
    least: value,
    most: cut.capacity,
    flow,
    cut: { side, sourceSide, internalEdges: within(graph, side) },
  }
}

/** The edges between peers of an ascending list, ascending. */
function within(graph: Graph, side: readonly Address[]): FlowEdge[] {
  return side.flatMap((from) =>
    side.flatMap((to) => {
      const amount = graph.weight(from, to)
      return amount === 0n ? [] : [{ from, to, amount }]
    }),
  )
}
