import type { Address } from 'viem'
import { ScripError } from '../errors/ScripError.ts'
import { AddressMap } from './AddressMap.ts'
import type { EigenTrustOptions } from './eigenTrust.ts'
import type { Graph } from './Graph.ts'
import { parseAddress } from './parseAddress.ts'
import { parseSeeds, parseWeights, sum } from './preTrust.ts'
import { plainRounds, type RoundLists, type TrustRounds, wasmRounds } from './TrustRounds.ts'

const MIN_ALPHA = 0.001

/** From this many edges on rounds in WebAssembly save more than it costs to copy the graph to them. */
const LARGE = 100_000

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
    this.#solve(0)
  }

  /**
   * Takes up what changed in the graph since the last computation.
   * @returns The rounds that it took.
   */
  refresh(): number {
    this.#layOut()
    // A graph without edges leaves no trust to start from.
    if (sum(this.#trust) === 0) this.#trust = this.#preTrust.slice()
    // After few changes there are few rounds, fewer than copying would cost.
    this.#solve(2)
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

  /** @param patience How many rounds are done in JavaScript before a large graph is copied to where they are quicker. */
  #solve(patience: number): void {
    // A round shrinks the change to 1 − alpha of the last one or less, and the first is at most 2. By this many rounds only
    // rounding is left, which a tolerance near the grain of floating point numbers could wait for in vain.
    const limit = Math.log(Math.max(this.#tolerance, Number.EPSILON) / 2) / Math.log1p(-this.#alpha)
    const kept = 1 - this.#alpha

    let rounds = this.#startRounds()
    const edges = this.#graph.edgeCount
    this.iterations = 0
    let change = this.#trust.length === 0 ? 0 : Number.POSITIVE_INFINITY
    while (change > this.#tolerance && this.iterations <= limit) {
      if (this.iterations === patience && edges >= LARGE) rounds = quickerRounds(rounds)
      const idle = this.#divide(rounds.lists)
      change = rounds.gather(kept, kept * idle + this.#alpha)
      this.iterations++
    }
    // A copy, so that the memory of the rounds is let go.
    this.#trust = rounds.lists.trust.slice()
  }

  #startRounds(): TrustRounds {
    const { starts, ends, peers, weights } = this.#direction === 'service' ? this.#graph.byProvider : this.#graph.rows
    return plainRounds({
      rows: { starts, ends, peers, amounts: weights.rounded },
      each: new Float64Array(this.#peerCount),
      preTrust: this.#preTrust,
      trust: this.#trust,
      next: new Float64Array(this.#trust.length),
    })
  }

  /**
   * Says what each peer passes on per unit of weight; nobody reads that of a peer without a partner. Returns the trust of
   * those, strangers among them.
   */
  #divide({ each, trust }: RoundLists): number {
    const totals = (this.#direction === 'service' ? this.#graph.outTotals : this.#graph.inTotals).rounded
    let idle = 0
    for (let index = each.length; index < trust.length; index++) idle += trust[index] as number
    for (let peer = 0; peer < each.length; peer++) {
      const total = totals[peer] as number
      const held = trust[peer] as number
      if (total === 0) idle += held
      else each[peer] = held / total
    }
    return idle
  }
}

function quickerRounds(rounds: TrustRounds): TrustRounds {
  try {
    return wasmRounds(rounds.lists)
  } catch {
    // A page may forbid WebAssembly, and a graph may be larger than its memory can be.
    return rounds
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
