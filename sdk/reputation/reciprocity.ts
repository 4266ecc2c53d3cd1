import type { Address } from 'viem'
import type { Graph } from './Graph.ts'
import { maxFlow } from './maxFlow.ts'
import { parsePair } from './parsePair.ts'
import { twoHopFlow } from './twoHopFlow.ts'

/**
 * How far a server looks: at its own dealings with the client only, at those of its partners too, or at all that leads from
 * one to the other.
 */
export type HistoryView = 'private' | 'twoHop' | 'full'

export type ReciprocityOptions = {
  /** `twoHop` where not given: hard to game, and quick. */
  readonly view?: HistoryView | undefined
  /** The budget of each of the two searches of the view `full`, as in `maxFlow`. */
  readonly budget?: number | undefined
}

export type Reciprocity = {
  /** What the client gave in the server's eyes, or less where a budget ran out. */
  readonly given: bigint
  /** What the client took in the server's eyes, or more where a budget ran out. */
  readonly taken: bigint
  /** given / taken, at most 1: the probability with which to serve. Undefined for a stranger, who neither gave nor took. */
  readonly ratio: number | undefined
}

/**
 * How far a client gave back what it took, in the eyes of the server that it asks: the decision function of the Reciprocative
 * player (Feldman, Lai, Stoica and Chuang 2004, "Robust Incentive Techniques for Peer-to-Peer Networks", with max-flow as in
 * subjective shared history): min(1, flow(server → client) / flow(client → server)). The view `private` counts direct
 * edges only, as a BitTorrent client does; it is what the others come to where nobody else has a history.
 *
 * A budget that runs out errs against the client: too little given, too much taken. Strangers are for `strangerRatio`.
 *
 * @throws INVALID_ARGUMENT if one of them is not an address, if both are the same peer, or if `budget` is not a safe integer
 * from 0.
 */
export function reciprocity(
  graph: Graph,
  server: Address,
  client: Address,
  { view = 'twoHop', budget }: ReciprocityOptions = {},
): Reciprocity {
  parsePair(server, client)
  const { given, taken } = flows(graph, server, client, view, budget)
  return { given, taken, ratio: given === 0n && taken === 0n ? undefined : quotient(given, taken) }
}

/**
 * What a peer provided to all others over what it consumed of them: its generosity (Feldman et al. 2004). It is objective, so
 * that peers who praise each other can make it as high as they like: decide by `reciprocity` where that matters.
 *
 * @returns Infinity for who never consumed, undefined for a stranger.
 * @throws INVALID_ARGUMENT if it is not an address.
 */
export function generosity(graph: Graph, peer: Address): number | undefined {
  const provided = graph.inTotal(peer)
  const consumed = graph.outTotal(peer)
  return provided === 0n && consumed === 0n ? undefined : Number(provided) / Number(consumed)
}

/**
 * How generous the client is beside the server: min(1, generosity of the client / generosity of the server), the probability
 * with which the Reciprocative player serves where all believe one objective history (Feldman et al. 2004, normalized
 * generosity). A server is so no stricter with others than it is with itself. It is as easy to make high as `generosity`.
 *
 * A server that has consumed nothing yet has no measure of its own: the client's generosity then counts as it is.
 *
 * @returns Undefined for a client that is a stranger.
 * @throws INVALID_ARGUMENT if one of them is not an address, or both are the same peer.
 */
export function relativeGenerosity(graph: Graph, server: Address, client: Address): number | undefined {
  parsePair(server, client)
  const theirs = generosity(graph, client)
  if (theirs === undefined) return undefined
  const own = graph.outTotal(server) === 0n ? 1 : (generosity(graph, server) as number)
  return theirs >= own ? 1 : theirs / own
}

function flows(
  graph: Graph,
  server: Address,
  client: Address,
  view: HistoryView,
  budget: number | undefined,
): { given: bigint; taken: bigint } {
  switch (view) {
    case 'private':
      return { given: graph.weight(server, client), taken: graph.weight(client, server) }
    case 'twoHop':
      return { given: twoHopFlow(graph, server, client), taken: twoHopFlow(graph, client, server) }
    case 'full':
      return {
        given: maxFlow(graph, server, client, { budget }).value,
        taken: maxFlow(graph, client, server, { budget }).cut.capacity,
      }
  }
}

const UNIT = 2 ** 53

/** a / b, at most 1, to the grain of a floating point number however large they are. */
function quotient(a: bigint, b: bigint): number {
  return a >= b ? 1 : Number((a * BigInt(UNIT)) / b) / UNIT
}
