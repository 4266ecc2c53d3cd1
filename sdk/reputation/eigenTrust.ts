import type { Address } from 'viem'
import type { Graph } from './Graph.ts'
import type { Seeds } from './preTrust.ts'
import { TrustScores } from './TrustScores.ts'

export type EigenTrustOptions = {
  /**
   * The peers that are trusted beforehand: a list, all alike, or a map with a weight for each. They need not have an edge.
   *
   * Always give seeds where money or admission hangs on the score. Without them every peer of the graph is trusted
   * beforehand alike, and since addresses cost nothing, trust goes to whoever makes the most of them: a thousand sock
   * puppets that pay each other hold what a thousand honest peers hold. With seeds a group that no trusted peer ever paid
   * scores zero, however large it is.
   */
  readonly seeds?: Seeds | undefined
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
  /**
   * Scores to start from, those of yesterday say, instead of from the seeds. It only saves rounds: what comes out is the same
   * within the tolerance. Peers that are not in it start from 0.
   */
  readonly start?: ReadonlyMap<Address, number> | undefined
}

export type EigenTrustResult = {
  /**
   * A score from 0 to 1 for every peer with an edge, in the graph's order, followed by the seeds without one. The sum is 1.
   * Keys are lower case; look-ups take any spelling.
   */
  readonly scores: Map<Address, number>
  /** Rounds until the scores stood still. */
  readonly iterations: number
}

/**
 * The global reputation of every peer by EigenTrust (Kamvar, Schlosser and Garcia-Molina 2003): a peer is
 * trusted as far as trusted peers were served by it.
 *
 * Trust flows from consumer to provider. In each round a peer passes its trust on to those that served it, in proportion
 * to what they served; a peer that never consumed anything passes its own to the seeds; `alpha` of all trust returns to the
 * seeds. The score is where that comes to rest: the solution of t = (1 − alpha) · Cᵀt + alpha · p. `TrustScores` keeps up with
 * a graph that changes.
 *
 * @throws INVALID_ARGUMENT if a seed is not an address, if no seed weighs more than 0, if a weight or a score to start from is
 * negative, infinite or NaN, or if `alpha` or `tolerance` is out of range.
 *
 * @example
 * const { scores } = eigenTrust(graph, { seeds: [alice, bob] })
 * scores.get(carol) // 0.087…
 */
export function eigenTrust(graph: Graph, options: EigenTrustOptions = {}): EigenTrustResult {
  const trust = new TrustScores(graph, options)
  return { scores: trust.toMap(), iterations: trust.iterations }
}
