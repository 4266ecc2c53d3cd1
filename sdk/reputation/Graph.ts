import type { Address } from 'viem'
import { ScripError } from '../errors/ScripError.ts'
import { buildRows, transposeRows } from './buildRows.ts'
import { parseAddress } from './parseAddress.ts'
import type { Rows } from './Rows.ts'
import { Weights } from './Weights.ts'

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
 * Edges change in place, by `set` and `add`: no score needs a rebuilt graph. Peers are addresses in lower case; every method
 * takes any spelling. Two graphs made from the same edges are equal in everything, whatever the order of the edges, down to the
 * last bit of a score; peers that came by a change stand behind, in the order in which they came.
 *
 * @example
 * const graph = Graph.fromEdges([
 *   [alice, bob, 30n], // Bob served Alice for 30
 *   [bob, carol, 20n],
 * ])
 * graph.add(alice, bob, 5n) // and for 5 more
 * graph.weight(alice, bob) // 35n
 * twoHopFlow(graph, alice, carol) // 20n: what Carol is worth in Alice's eyes
 */
export class Graph {
  /**
   * The edges by index into `peers`, consumer by consumer, for the algorithms of this folder. It may change with any version.
   * @internal
   */
  readonly rows: Rows
  /**
   * The sum over each peer's edges as a consumer, by index.
   * @internal
   */
  readonly outTotals: Weights
  /**
   * The sum over each peer's edges as a provider, by index.
   * @internal
   */
  readonly inTotals: Weights
  readonly #peers: Address[]
  readonly #indices: Map<Address, number>
  #edgeCount: number
  #byProvider: Rows | undefined

  private constructor(peers: Address[], indices: Map<Address, number>, rows: Rows) {
    this.rows = rows
    this.outTotals = new Weights(peers.length)
    this.inTotals = new Weights(peers.length)
    this.#peers = peers
    this.#indices = indices
    this.#edgeCount = rows.peers.length
    for (let consumer = 0; consumer < peers.length; consumer++) {
      let total = 0n
      for (let slot = rows.starts[consumer] as number; slot < (rows.ends[consumer] as number); slot++) {
        const provider = rows.peers[slot] as number
        const weight = this.rows.weights.at(slot)
        total += weight
        this.inTotals.set(provider, this.inTotals.at(provider) + weight)
      }
      this.outTotals.set(consumer, total)
    }
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
    const weights = new Weights(1024)
    let count = 0
    let index = 0
    for (const edge of edges) {
      const place = index++
      // Only checked spellings are kept, so that peers seen before need no check, which a large graph would feel.
      let consumer = arrivals.get(edge[0])
      let provider = arrivals.get(edge[1])
      const isKnown = consumer !== undefined && provider !== undefined
      const { from, to, weight } = parseEdge(edge, place, isKnown)
      if (from === to || weight === 0n) continue
      consumer ??= arrivalOf(from)
      provider ??= arrivalOf(to)
      if (count === weights.rounded.length) weights.resize(2 * count)
      weights.set(count++, weight)
      consumers.push(consumer)
      providers.push(provider)
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
   * Every peer that has an edge, ascending; then those that came by a change, in the order in which they came. A peer whose
   * last edge was taken away keeps its place.
   */
  get peers(): readonly Address[] {
    return this.#peers
  }

  /** How many pairs have an edge. */
  get edgeCount(): number {
    return this.#edgeCount
  }

  /**
   * Whether the peer has an edge.
   * @throws INVALID_ARGUMENT if it is not an address.
   */
  has(peer: Address): boolean {
    const index = this.indexOf(peer)
    return index !== undefined && this.hasEdge(index)
  }

  /**
   * What `to` served to `from`; 0 where there is no edge.
   * @throws INVALID_ARGUMENT if one of them is not an address.
   */
  weight(from: Address, to: Address): bigint {
    const consumer = this.indexOf(from, 'from')
    const provider = this.indexOf(to, 'to')
    return consumer === undefined || provider === undefined ? 0n : this.weightAt(consumer, provider)
  }

  /**
   * All that the peer consumed: the sum of its edges to others.
   * @throws INVALID_ARGUMENT if it is not an address.
   */
  outTotal(peer: Address): bigint {
    const index = this.indexOf(peer)
    return index === undefined ? 0n : this.outTotals.at(index)
  }

  /**
   * All that the peer provided: the sum of the edges of others to it.
   * @throws INVALID_ARGUMENT if it is not an address.
   */
  inTotal(peer: Address): bigint {
    const index = this.indexOf(peer)
    return index === undefined ? 0n : this.inTotals.at(index)
  }

  /**
   * States what `to` served to `from` in all, as the event EdgeUpdated does; 0 takes the edge away. An edge from a peer to
   * itself counts nothing. The cost is that of the two peers' edges, whatever the size of the graph.
   *
   * @throws INVALID_ARGUMENT as `fromEdges`. The graph is then as it was.
   */
  set(from: Address, to: Address, weight: bigint | number): void {
    const edge = { from: parseAddress(from, 'from'), to: parseAddress(to, 'to'), weight: parseWeight(weight) }
    if (edge.from === edge.to) return
    if (edge.weight === 0n && (!this.#indices.has(edge.from) || !this.#indices.has(edge.to))) return
    this.#put(this.#enter(edge.from), this.#enter(edge.to), edge.weight)
  }

  /**
   * Adds to what `to` served to `from`: one more receipt. Like `set` otherwise.
   *
   * @throws INVALID_ARGUMENT as `fromEdges`. The graph is then as it was.
   */
  add(from: Address, to: Address, weight: bigint | number): void {
    const edge = { from: parseAddress(from, 'from'), to: parseAddress(to, 'to'), weight: parseWeight(weight) }
    if (edge.from === edge.to || edge.weight === 0n) return
    const consumer = this.#enter(edge.from)
    const provider = this.#enter(edge.to)
    this.#put(consumer, provider, this.weightAt(consumer, provider) + edge.weight)
  }

  /** Every edge once, `[from, to, weight]`, in the order of `peers` by `from`, then by `to`. */
  *edges(): Generator<[from: Address, to: Address, weight: bigint], void, undefined> {
    const { starts, ends, peers, weights } = this.rows
    for (const [consumer, from] of this.#peers.entries()) {
      for (let slot = starts[consumer] as number; slot < (ends[consumer] as number); slot++) {
        yield [from, this.#peers[peers[slot] as number] as Address, weights.at(slot)]
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

  /** @internal */
  weightAt(consumer: number, provider: number): bigint {
    const slot = this.rows.find(consumer, provider)
    return slot < 0 ? 0n : this.rows.weights.at(slot)
  }

  /** @internal */
  hasEdge(peer: number): boolean {
    return (this.outTotals.rounded[peer] as number) > 0 || (this.inTotals.rounded[peer] as number) > 0
  }

  /**
   * The edges provider by provider, their weights rounded, made when first asked for: views of two hops do without.
   * @internal
   */
  get byProvider(): Rows {
    this.#byProvider ??= transposeRows(this.rows)
    return this.#byProvider
  }

  /** The index of a peer, which enters the graph if it is not there. */
  #enter(peer: Address): number {
    const known = this.#indices.get(peer)
    if (known !== undefined) return known
    const index = this.#peers.push(peer) - 1
    this.#indices.set(peer, index)
    if (index === this.rows.starts.length) {
      const room = Math.ceil(1.25 * (index + 4))
      this.rows.resize(room)
      this.#byProvider?.resize(room)
      this.outTotals.resize(room)
      this.inTotals.resize(room)
    }
    return index
  }

  #put(consumer: number, provider: number, weight: bigint): void {
    const before = this.weightAt(consumer, provider)
    if (weight === before) return
    this.#edgeCount += Number(before === 0n) - Number(weight === 0n)
    putInRow(this.rows, consumer, provider, weight)
    if (this.#byProvider !== undefined) putInRow(this.#byProvider, provider, consumer, weight)
    this.outTotals.set(consumer, this.outTotals.at(consumer) + weight - before)
    this.inTotals.set(provider, this.inTotals.at(provider) + weight - before)
  }
}

/** Sets the weight of a peer in a row, or takes the peer out where it is 0. */
function putInRow(rows: Rows, row: number, peer: number, weight: bigint): void {
  const slot = rows.find(row, peer)
  if (weight === 0n) rows.remove(row, slot)
  else rows.weights.set(slot < 0 ? rows.insert(row, peer) : slot, weight)
}

/** An edge with its addresses in lower case and its weight a bigint. */
function parseEdge(
  [from, to, weight]: GraphEdge,
  index: number,
  isKnown: boolean,
): { from: Address; to: Address; weight: bigint } {
  try {
    if (isKnown) return { from, to, weight: parseWeight(weight) }
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
