import type { Address } from 'viem'
import { ScripError } from '../errors/ScripError.ts'
import { AddressMap } from './AddressMap.ts'
import type { EigenTrustOptions } from './eigenTrust.ts'
import type { Graph } from './Graph.ts'
import { parseAddress } from './parseAddress.ts'
import { parseSeeds, parseWeights, sum } from './preTrust.ts'

const MIN_ALPHA = 0.001

/** Which way trust goes: from consumers to those who served them, or from providers to those whom they served. */
export type TrustDirection = 'service' | 'usage'

/**
 * EigenTrust over a graph that changes: it keeps the scores in typed arrays, and `refresh` starts from the last ones. One
 * edge more takes a few rounds over the edges, where a start from the seeds takes dozens.
 *
 * @example
 * const trust = new TrustScores(graph, { seeds: [alice] })
 * graph.set(consumer, provider, served)
 * trust.refresh()
 * trust.score(provider)
 */
export class TrustScores {
  /** Rounds that the last computation took. */
  iterations = 0
  readonly #graph: Graph
  readonly #direction: TrustDirection
  readonly #alpha: number
  readonly #tolerance: number
  /** What part each seed has; undefined where all peers are trusted beforehand alike. */
  readonly #seeds: AddressMap<number> | undefined
  /** By index: the graph's peers, and behind them the seeds that the graph does not know. */
  #preTrust = new Float64Array(0)
  #trust = new Float64Array(0)
  #peerCount = 0
  /** The seeds that the graph does not know, and their indices. */
  #strangers: ReadonlyMap<Address, number> = new Map()

  /**
   * @param direction `usage` turns the edges round: the score is then high for who consumes much (`serviceAndUsage`).
   * @throws INVALID_ARGUMENT as `eigenTrust`.
   */
  constructor(
    graph: Graph,
    { seeds, alpha = 0.15, tolerance = 1e-6, start }: EigenTrustOptions = {},
    direction: TrustDirection = 'service',
  ) {
    checkNumbers(alpha, tolerance)
    this.#graph = graph
    this.#direction = direction
    this.#alpha = alpha
    this.#tolerance = tolerance
    this.#seeds = seeds === undefined ? undefined : parseSeeds(seeds)
    this.#layOut()
    this.#trust = start === undefined ? this.#preTrust.slice() : this.#startFrom(parseWeights(start, 'start'))
    this.#solve()
  }

  /**
   * Takes up what changed in the graph since the last computation.
   * @returns The rounds that it took.
   */
  refresh(): number {
    this.#layOut()
    // A graph without edges leaves no trust to start from.
    if (sum(this.#trust) === 0) this.#trust = this.#preTrust.slice()
    this.#solve()
    return this.iterations
  }

  /**
   * The peer's score as of the last computation; 0 for strangers.
   * @throws INVALID_ARGUMENT if it is not an address.
   */
  score(peer: Address): number {
    const address = parseAddress(peer, 'peer')
    const index = this.#graph.indexOf(address)
    // A peer that came since was a stranger then.
    const known = index !== undefined && index < this.#peerCount ? index : this.#strangers.get(address)
    return known === undefined ? 0 : (this.#trust[known] as number)
  }

  /** The scores as `eigenTrust` returns them. */
  toMap(): Map<Address, number> {
    const scores = new AddressMap<number>()
    for (let index = 0; index < this.#peerCount; index++) {
      const score = this.#trust[index] as number
      if (score > 0 || this.#graph.hasEdge(index)) scores.set(this.#graph.peers[index] as Address, score)
    }
    for (const [stranger, index] of this.#strangers) scores.set(stranger, this.#trust[index] as number)
    return scores
  }

  /** Makes room for peers that came since, and says anew who is trusted beforehand. */
  #layOut(): void {
    const { peers } = this.#graph
    if (this.#seeds === undefined) {
      const isThere = Float64Array.from(peers, (_, index) => (this.#graph.hasEdge(index) ? 1 : 0))
      const count = Math.max(sum(isThere), 1)
      this.#preTrust = isThere.map((there) => there / count)
    } else if (this.#preTrust.length === 0 || peers.length > this.#peerCount) {
      const { strangers, preTrust } = this.#place(this.#seeds)
      const trust = new Float64Array(preTrust.length)
      for (const [stranger, before] of this.#strangers) {
        trust[this.#graph.indexOf(stranger) ?? (strangers.get(stranger) as number)] = this.#trust[before] as number
      }
      trust.set(this.#trust.subarray(0, this.#peerCount))
      this.#trust = trust
      this.#strangers = strangers
      this.#preTrust = preTrust
    }
    this.#peerCount = peers.length
    if (this.#trust.length < this.#preTrust.length) {
      const trust = new Float64Array(this.#preTrust.length)
      trust.set(this.#trust)
      this.#trust = trust
    }
  }

  #place(numbers: AddressMap<number>): { strangers: Map<Address, number>; preTrust: Float64Array<ArrayBuffer> } {
    const { peers } = this.#graph
    const unknown = [...numbers.keys()].filter((peer) => this.#graph.indexOf(peer) === undefined).sort()
    const strangers = new Map(unknown.map((peer, place) => [peer, peers.length + place]))
    const preTrust = new Float64Array(peers.length + unknown.length)
    for (const [peer, number] of numbers)
      preTrust[this.#graph.indexOf(peer) ?? (strangers.get(peer) as number)] = number
    return { strangers, preTrust }
  }

  /** The given scores, scaled to the sum of 1 that all rounds keep. */
  #startFrom(start: AddressMap<number>): Float64Array<ArrayBuffer> {
    const trust = new Float64Array(this.#preTrust.length)
    for (let index = 0; index < this.#peerCount; index++) {
      trust[index] = start.get(this.#graph.peers[index] as Address) ?? 0
    }
    for (const [stranger, index] of this.#strangers) trust[index] = start.get(stranger) ?? 0
    const total = sum(trust)
    return total > 0 && total < Number.POSITIVE_INFINITY ? trust.map((score) => score / total) : this.#preTrust.slice()
  }

  #solve(): void {
    // A round shrinks the change to 1 − alpha of the last one or less, and the first is at most 2. By this many rounds only
    // rounding is left, which a tolerance near the grain of floating point numbers could wait for in vain.
    const rounds = Math.log(Math.max(this.#tolerance, Number.EPSILON) / 2) / Math.log1p(-this.#alpha)

    let next = new Float64Array(this.#trust.length)
    const each = new Float64Array(this.#peerCount)
    this.iterations = 0
    let change = next.length === 0 ? 0 : Number.POSITIVE_INFINITY
    while (change > this.#tolerance && this.iterations <= rounds) {
      const idle = this.#divide(each)
      change = this.#gather(each, idle, next)
      const spare = this.#trust
      this.#trust = next
      next = spare
      this.iterations++
    }
  }

  /**
   * Says what each peer passes on per unit of weight; nobody reads that of a peer without a partner. Returns the trust of
   * those, strangers among them.
   */
  #divide(each: Float64Array): number {
    const totals = (this.#direction === 'service' ? this.#graph.outTotals : this.#graph.inTotals).rounded
    const trust = this.#trust
    const count = this.#peerCount
    let idle = 0
    for (let index = count; index < trust.length; index++) idle += trust[index] as number
    for (let peer = 0; peer < count; peer++) {
      const total = totals[peer] as number
      const held = trust[peer] as number
      if (total === 0) idle += held
      else each[peer] = held / total
    }
    return idle
  }

  /**
   * Every peer gathers what its partners pass on, which costs less than that they spread it: reading here and there is
   * quicker than writing here and there. Returns how much trust moved.
   */
  #gather(each: Float64Array, idle: number, next: Float64Array): number {
    const { starts, ends, peers, weights } = this.#direction === 'service' ? this.#graph.byProvider : this.#graph.rows
    const amounts = weights.rounded
    const trust = this.#trust
    const preTrust = this.#preTrust
    const count = this.#peerCount
    const kept = 1 - this.#alpha
    const seeded = kept * idle + this.#alpha
    let change = 0
    for (let peer = 0; peer < count; peer++) {
      const end = ends[peer] as number
      let gathered = 0
      for (let slot = starts[peer] as number; slot < end; slot++) {
        gathered += (each[peers[slot] as number] as number) * (amounts[slot] as number)
      }
      const value = kept * gathered + seeded * (preTrust[peer] as number)
      change += Math.abs(value - (trust[peer] as number))
      next[peer] = value
    }
    for (let index = count; index < next.length; index++) {
      const value = seeded * (preTrust[index] as number)
      change += Math.abs(value - (trust[index] as number))
      next[index] = value
    }
    return change
  }
}

function checkNumbers(alpha: number, tolerance: number): void {
  if (!(alpha >= MIN_ALPHA && alpha <= 1)) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: `\`alpha\` is not a number from ${MIN_ALPHA} to 1`,
      hint: '0.15 is usual.',
      values: { alpha },
    })
  }
  if (!(tolerance > 0 && tolerance < Number.POSITIVE_INFINITY)) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: '`tolerance` is not a finite number above 0',
      hint: '1e-6 is usual.',
      values: { tolerance },
    })
  }
}
