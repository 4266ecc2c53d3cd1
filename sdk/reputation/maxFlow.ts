import type { Address } from 'viem'
import { ScripError } from '../errors/ScripError.ts'
import { FlowSearch } from './FlowSearch.ts'
import { FlowWorkspace } from './FlowWorkspace.ts'
import type { Graph } from './Graph.ts'
import { parseEnds } from './parseEnds.ts'

export type MaxFlowOptions = {
  /** How many edges may be looked at in the search, a safe integer from 0. No limit where not given. */
  readonly budget?: number | undefined
}

/** What flows over one edge, from consumer to provider, in the network's unit of value. */
export type FlowEdge = { readonly from: Address; readonly to: Address; readonly amount: bigint }

/** Two sides of the peers, every source on one and the target on the other. No flow exceeds what crosses. */
export type FlowCut = {
  /** The peers of the side that is listed, ascending; all others are on the other. */
  readonly side: Address[]
  /** Whether the listed side is the sources'; else it is the target's. */
  readonly sourceSide: boolean
  /** The weights of all edges from the sources' side to the target's: an upper bound of the flow. */
  readonly capacity: bigint
}

export type MaxFlowResult = {
  /** The flow found: the maximum where `exact`, else a lower bound of it. In the network's unit of value. */
  readonly value: bigint
  /** Whether no larger flow exists, as `cut` proves. Only a budget that ran out makes it false. */
  readonly exact: boolean
  /**
   * The witness: for each edge that is used how much flows, above 0 and no more than the edge's weight. Into every peer but
   * sources and target flows as much as out of it. Ascending by `from`, then by `to`.
   */
  readonly flow: FlowEdge[]
  /** The certificate: its `capacity` is `value` where `exact`, and more where not. */
  readonly cut: FlowCut
}

const workspaces = new WeakMap<Graph, FlowWorkspace>()

/**
 * The reputation of `target` in the eyes of `source`: the max-flow from `source` to `target` along the edges from consumer to
 * provider (Feldman, Lai, Stoica and Chuang 2004, subjective shared history). It counts what `target` served to `source`, to
 * peers that served `source`, to peers that served those, and so on, and no peer vouches for more than it earned itself. What
 * `target` and its sock puppets claim of each other counts nothing: all of it lies behind the edges that others made to
 * them. `source` is the peer that decides, a provider say, and `target` the one that asks to be served.
 *
 * Several sources, the seed peers of a network say, count as one. Their flows one by one would not add up, because they may
 * share edges. The cost grows with the graph; a `budget` bounds it, and what was found within it is proved all the same.
 *
 * @throws INVALID_ARGUMENT if one of them is not an address, if there is no source, if the target is a source, or if `budget`
 * is not a safe integer from 0.
 *
 * @example
 * const { value, exact } = maxFlow(graph, me, asking, { budget: 1_000_000 })
 */
export function maxFlow(
  graph: Graph,
  source: Address | readonly Address[],
  target: Address,
  { budget = Number.MAX_SAFE_INTEGER }: MaxFlowOptions = {},
): MaxFlowResult {
  const { sources, target: to } = parseEnds(source, target)
  if (!Number.isSafeInteger(budget) || budget < 0) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: '`budget` is not a safe integer from 0',
      hint: 'Give the number of edges that may be looked at, or leave it out.',
      values: { budget },
    })
  }

  const indices = sources.map((peer) => graph.indexOf(peer)).filter((index) => index !== undefined)
  const end = graph.indexOf(to)
  const least = leastTrivialCut(graph, sources, indices, to, end)
  if (least.capacity === 0n || end === undefined) return { value: 0n, exact: true, flow: [], cut: least }

  const workspace = workspaceOf(graph)
  const search = new FlowSearch(graph, workspace, { sources: indices, target: end, bound: least.capacity }, budget)
  const stuck = search.run()
  const flow = search
    .flow()
    .map(({ from, to, amount }) => ({ from: peerAt(graph, from), to: peerAt(graph, to), amount }))
  flow.sort((a, b) => compare(a.from, b.from) || compare(a.to, b.to))
  const { value } = search
  if (stuck === undefined) return { value, exact: value === least.capacity, flow, cut: least }

  const tree = stuck === 'sources' ? workspace.forward : workspace.backward
  const side = Array.from(tree.reached(), (index) => peerAt(graph, index))
  if (stuck === 'sources') side.push(...sources.filter((peer) => graph.indexOf(peer) === undefined))
  return { value, exact: true, flow, cut: { side: side.sort(), sourceSide: stuck === 'sources', capacity: value } }
}

/** The sources alone or the target alone, whichever less flows over. */
function leastTrivialCut(
  graph: Graph,
  sources: readonly Address[],
  indices: readonly number[],
  target: Address,
  end: number | undefined,
): FlowCut {
  let out = 0n
  for (const from of indices) out += graph.outTotals.at(from)
  if (indices.length > 1) out -= weightWithin(graph, new Set(indices))
  const into = end === undefined ? 0n : graph.inTotals.at(end)
  return out <= into
    ? { side: [...sources], sourceSide: true, capacity: out }
    : { side: [target], sourceSide: false, capacity: into }
}

/** The weights of the edges between peers of a set. */
function weightWithin({ rows }: Graph, peers: ReadonlySet<number>): bigint {
  let weight = 0n
  for (const from of peers) {
    for (let slot = rows.starts[from] as number; slot < (rows.ends[from] as number); slot++) {
      if (peers.has(rows.peers[slot] as number)) weight += rows.weights.at(slot)
    }
  }
  return weight
}

function workspaceOf(graph: Graph): FlowWorkspace {
  const known = workspaces.get(graph)
  if (known !== undefined && known.peerCount >= graph.peers.length) return known
  const workspace = new FlowWorkspace(graph.rows.starts.length)
  workspaces.set(graph, workspace)
  return workspace
}

function peerAt(graph: Graph, index: number): Address {
  return graph.peers[index] as Address
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
