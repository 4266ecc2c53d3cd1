import type { Address } from 'viem'
import { ScripError } from '../errors/ScripError.ts'
import { AddressMap } from './AddressMap.ts'
import type { Graph } from './Graph.ts'
import { parseAddress } from './parseAddress.ts'

const MIN_ALPHA = 0.001

export type EigenTrustOptions = {
  /**
   * The peers that are trusted beforehand: a list, all alike, or a map with a weight for each. They need not have an edge.
   *
   * Always give seeds where money or admission hangs on the score. Without them every peer of the graph is trusted
   * beforehand alike, and since addresses cost nothing, trust goes to whoever makes the most of them: a thousand sock
   * puppets that pay each other hold what a thousand honest peers hold. With seeds a group that no trusted peer ever paid
   * scores zero, however large it is.
   */
  readonly seeds?: Iterable<Address> | ReadonlyMap<Address, number> | undefined
  /**
   * How much of each round's trust goes back to the seeds, from 0.001 to 1; 0.15 where not given. Higher means closer to the
   * seeds, harder to game and quicker to compute; lower lets trust travel further.
   */
  readonly alpha?: number | undefined
  /**
   * Stop when a round moves no more trust than this, summed over all peers, where all trust is 1; 1e-6 where not given. The
   * scores are then, summed, within tolerance · (1 − alpha) / alpha of the exact ones. Below 2^-52, the grain of a floating
   * point number, it counts as that.
   */
  readonly tolerance?: number | undefined
}

export type EigenTrustResult = {
  /**
   * A score from 0 to 1 for every peer, ascending by address, followed by the seeds without an edge. The sum is 1. Keys are
   * lower case; look-ups take any spelling.
   */
  readonly scores: Map<Address, number>
  /** Rounds until the scores stood still. */
  readonly iterations: number
}

/**
 * The global reputation of every peer by EigenTrust (Kamvar, Schlosser and Garcia-Molina 2003): a peer is trusted as far as
 * trusted peers were served by it.
 *
 * Trust flows from consumer to provider. In each round a peer passes its trust on to those that served it, in proportion
 * to what they served; a peer that never consumed anything passes its own to the seeds; `alpha` of all trust returns to the
 * seeds. The score is where that comes to rest: the solution of t = (1 − alpha) · Cᵀt + alpha · p.
 *
 * @throws INVALID_ARGUMENT if a seed is not an address, if no seed weighs more than 0, or if `alpha` or `tolerance` is out of
 * range.
 *
 * @example
 * const { scores } = eigenTrust(graph, { seeds: [alice, bob] })
 * scores.get(carol) // 0.087…
 */
export function eigenTrust(
  graph: Graph,
  { seeds, alpha = 0.15, tolerance = 1e-6 }: EigenTrustOptions = {},
): EigenTrustResult {
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

  const { addresses, preTrust } = preTrustOf(graph, seeds)
  const { starts, providers, shares } = graph.rows
  const peerCount = graph.peers.length
  const count = addresses.length

  // A round shrinks the change to 1 − alpha of the last one or less, and the first is at most 2. By this many rounds only
  // rounding is left, which a tolerance near the grain of floating point numbers could wait for in vain.
  const rounds = Math.log(Math.max(tolerance, Number.EPSILON) / 2) / Math.log1p(-alpha)

  let trust = preTrust.slice()
  let next = new Float64Array(count)
  let iterations = 0
  let change = count === 0 ? 0 : Number.POSITIVE_INFINITY
  while (change > tolerance && iterations <= rounds) {
    next.fill(0)
    // Seeds without an edge come after the graph's peers: they consumed nothing.
    let idle = 0
    for (let peer = peerCount; peer < count; peer++) idle += trust[peer] as number
    for (let peer = 0; peer < peerCount; peer++) {
      const held = trust[peer] as number
      const start = starts[peer] as number
      const end = starts[peer + 1] as number
      if (start === end) idle += held
      else if (held > 0) {
        for (let edge = start; edge < end; edge++) {
          const provider = providers[edge] as number
          next[provider] = (next[provider] as number) + held * (shares[edge] as number)
        }
      }
    }
    change = 0
    for (let peer = 0; peer < count; peer++) {
      const seeded = preTrust[peer] as number
      const value = (1 - alpha) * ((next[peer] as number) + idle * seeded) + alpha * seeded
      change += Math.abs(value - (trust[peer] as number))
      next[peer] = value
    }
    const spare = trust
    trust = next
    next = spare
    iterations++
  }

  const scores = new AddressMap<number>()
  for (const [place, address] of addresses.entries()) scores.set(address, trust[place] as number)
  return { scores, iterations }
}

/** The seeds' distribution over the graph's peers, in their order, followed by the seeds that have no edge. */
function preTrustOf(
  graph: Graph,
  seeds: EigenTrustOptions['seeds'],
): { addresses: readonly Address[]; preTrust: Float64Array } {
  if (seeds === undefined) {
    const count = graph.peers.length
    return { addresses: graph.peers, preTrust: new Float64Array(count).fill(1 / count) }
  }

  const weights = new AddressMap<number>()
  if (seeds instanceof Map) {
    for (const [seed, weight] of seeds as ReadonlyMap<Address, number>) {
      const address = parseAddress(seed, 'seed')
      if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY)) {
        throw new ScripError('INVALID_ARGUMENT', {
          detail: 'The weight of a seed is not a finite number from 0',
          values: { seed, weight },
        })
      }
      weights.set(address, (weights.get(address) ?? 0) + weight)
    }
  } else {
    for (const seed of seeds as Iterable<Address>) weights.set(parseAddress(seed, 'seed'), 1)
  }

  let total = 0
  for (const weight of weights.values()) total += weight
  if (!(total > 0 && total < Number.POSITIVE_INFINITY)) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: total > 0 ? 'The weights of the seeds add up to infinity' : 'No seed weighs more than 0',
      hint: 'Give at least one peer that is trusted beforehand, or leave `seeds` out.',
      values: { seeds: [...weights.keys()] },
    })
  }

  const addresses = [...graph.peers, ...[...weights.keys()].filter((seed) => !graph.has(seed)).sort()]
  const preTrust = Float64Array.from(addresses, (address) => (weights.get(address) ?? 0) / total)
  return { addresses, preTrust }
}
