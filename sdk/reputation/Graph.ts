import type { Address } from 'viem'
import { ScripError } from '../errors/ScripError.ts'
import { parseAddress } from './parseAddress.ts'
import { buildRows, findEdge, type Rows } from './Rows.ts'

/**
 * `[from, to, weight]`: the value of the service that the provider `to` gave to the consumer `from`, in a network's unit of
 * value.
 */
export type GraphEdge = readonly [from: Address, to: Address, weight: bigint | number]

const MAX_WEIGHT = 2n ** 256n - 1n

/**
 * The shared history of a network as scorers read it: who was served by whom, and how much.
 *
 * An edge points from the consumer to the provider, the way the payment went. It is the consumer who makes it, by paying, so
 * it is the consumer's word for the provider: what a peer says of itself or of its own sock puppets is never an edge
 * *from* somebody else. A reputation flows along the edges, from those who were served to those who served.
 *
 * A graph never changes. Peers are addresses in lower case; every method takes any spelling. Two graphs from the same edges
 * are equal in everything, whatever the order of the edges, down to the last bit of a score.
 *
 * @example
 * const graph = Graph.fromEdges([
 *   [alice, bob, 30n], // Bob served Alice for 30
 *   [bob, carol, 20n],
 *   [alice, bob, 5n], // and for 5 more
 * ])
 * graph.weight(alice, bob) // 35n
 * twoHopFlow(graph, alice, carol) // 20n: what Carol is worth in Alice's eyes
 */
export class Graph {
  /** Everyone who has an edge, ascending. */
  readonly peers: readonly Address[]
  /** How many pairs have an edge. */
  readonly edgeCount: number
  /**
   * The edges by index into `peers`, for the algorithms of this folder. It may change with any version.
   * @internal
   */
  readonly rows: Rows
  readonly #indices: ReadonlyMap<Address, number>

  private constructor(peers: readonly Address[], indices: ReadonlyMap<Address, number>, rows: Rows) {
    this.peers = peers
    this.edgeCount = rows.providers.length
    this.rows = rows
    this.#indices = indices
  }

  /**
   * A graph of these edges. The weights of edges between the same two peers add up. An edge of weight 0 and an edge from
   * a peer to itself count nothing, so that a peer with no other edge is not in the graph.
   *
   * @throws INVALID_ARGUMENT where `from` or `to` is not an address or `weight` neither a safe integer from 0 nor a bigint
   * from 0 to 2^256 − 1. Its `values` hold the edge and its place, counted from 0.
   */
  static fromEdges(edges: Iterable<GraphEdge>): Graph {
    const arrivals = new Map<Address, number>()
    const arrivalOf = (peer: Address): number => {
      let arrival = arrivals.get(peer)
      if (arrival === undefined) {
        arrival = arrivals.size
        arrivals.set(peer, arrival)
      }
      return arrival
    }

    const consumers: number[] = []
    const providers: number[] = []
    const weights: bigint[] = []
    let index = 0
    for (const edge of edges) {
      const { from, to, weight } = parseEdge(edge, index++)
      if (from === to || weight === 0n) continue
      consumers.push(arrivalOf(from))
      providers.push(arrivalOf(to))
      weights.push(weight)
    }

    // Sorted, because sums of floating point numbers depend on their order, and two indexers that saw the same edges in
    // another order must come to the same scores.
    const peers = [...arrivals.keys()].sort()
    const indices = new Map(peers.map((peer, place) => [peer, place]))
    const places = new Uint32Array(peers.length)
    for (const [peer, arrival] of arrivals) places[arrival] = indices.get(peer) as number
    const placesOf = (list: number[]): Uint32Array => Uint32Array.from(list, (arrival) => places[arrival] as number)

    const raw = { consumers: placesOf(consumers), providers: placesOf(providers), weights }
    return new Graph(peers, indices, buildRows(peers.length, raw))
  }

  /**
   * Whether the peer has an edge.
   * @throws INVALID_ARGUMENT if it is not an address.
   */
  has(peer: Address): boolean {
    return this.indexOf(peer) !== undefined
  }

  /**
   * What `to` served to `from`; 0 where there is no edge.
   * @throws INVALID_ARGUMENT if one of them is not an address.
   */
  weight(from: Address, to: Address): bigint {
    const consumer = this.indexOf(from, 'from')
    const provider = this.indexOf(to, 'to')
    if (consumer === undefined || provider === undefined) return 0n
    const edge = findEdge(this.rows, consumer, provider)
    return edge === undefined ? 0n : this.rows.weights.at(edge)
  }

  /**
   * All that the peer consumed: the sum of its edges to others.
   * @throws INVALID_ARGUMENT if it is not an address.
   */
  outTotal(peer: Address): bigint {
    const index = this.indexOf(peer)
    return index === undefined ? 0n : this.rows.outTotals.at(index)
  }

  /**
   * All that the peer provided: the sum of the edges of others to it.
   * @throws INVALID_ARGUMENT if it is not an address.
   */
  inTotal(peer: Address): bigint {
    const index = this.indexOf(peer)
    return index === undefined ? 0n : this.rows.inTotals.at(index)
  }

  /** Every edge once, `[from, to, weight]`, ascending by `from`, then by `to`. */
  *edges(): Generator<[from: Address, to: Address, weight: bigint], void, undefined> {
    const { starts, providers, weights } = this.rows
    for (const [consumer, from] of this.peers.entries()) {
      for (let edge = starts[consumer] as number; edge < (starts[consumer + 1] as number); edge++) {
        yield [from, this.peers[providers[edge] as number] as Address, weights.at(edge)]
      }
    }
  }

  /**
   * The peer's index into `peers`, or undefined for a stranger.
   * @throws INVALID_ARGUMENT if it is not an address.
   * @internal
   */
  indexOf(peer: Address, name = 'peer'): number | undefined {
    return this.#indices.get(parseAddress(peer, name))
  }
}

/** An edge with its addresses in lower case and its weight a bigint. */
function parseEdge([from, to, weight]: GraphEdge, index: number): { from: Address; to: Address; weight: bigint } {
  try {
    return { from: parseAddress(from, 'from'), to: parseAddress(to, 'to'), weight: parseWeight(weight) }
  } catch (cause) {
    if (!(cause instanceof ScripError)) throw cause
    throw new ScripError('INVALID_ARGUMENT', {
      detail: `Edge ${index}: ${cause.message}`,
      hint: cause.hint,
      values: { index, from, to, weight },
      cause,
    })
  }
}

function parseWeight(weight: bigint | number): bigint {
  const isInteger = typeof weight === 'bigint' || Number.isSafeInteger(weight)
  if (!isInteger || weight < 0 || weight > MAX_WEIGHT) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: '`weight` is not an integer from 0 to 2^256 − 1',
      hint: 'Give a bigint, or a number that Number.isSafeInteger accepts.',
      values: { weight },
    })
  }
  return BigInt(weight)
}
