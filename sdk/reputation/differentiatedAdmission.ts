import type { Address } from 'viem'
import { ScripError } from '../errors/ScripError.ts'
import type { EigenTrustOptions } from './eigenTrust.ts'
import type { Graph } from './Graph.ts'
import { TrustScores } from './TrustScores.ts'

export type ServiceAndUsage = {
  /** How far each peer served those that matter: EigenTrust from consumers to providers. Sum 1. */
  readonly service: Map<Address, number>
  /** How far each peer was served by those that matter: EigenTrust from providers to consumers. Sum 1. */
  readonly usage: Map<Address, number>
}

/**
 * The two reputations by which a network admits (after Kung and Wu 2003, "Differentiated Admission for Peer-to-Peer Systems",
 * who refuse peers of low service and high usage): both are EigenTrust, the one along the edges, the other against them.
 * For a graph that changes keep two `TrustScores`, the second with the direction `usage`.
 *
 * @throws INVALID_ARGUMENT as `eigenTrust`.
 */
export function serviceAndUsage(graph: Graph, options: EigenTrustOptions = {}): ServiceAndUsage {
  return {
    service: new TrustScores(graph, options).toMap(),
    usage: new TrustScores(graph, options, 'usage').toMap(),
  }
}

/** When a peer is admitted. All numbers are finite and from 0. */
export type AdmissionTerms = {
  /** Admit from this much service per usage. */
  readonly admitAt: number
  /** Keep whom one admitted down to this much, at most `admitAt`, so that a peer at the edge does not come and go. */
  readonly keepAt: number
  /** Who used no more than this is admitted whatever it served: a newcomer. */
  readonly allowance: number
  /** Beyond the allowance service counts from this much on. Peers who serve only each other have a perfect ratio; seeded
   * service above 0 they have not. */
  readonly floor: number
}

/**
 * Whether a peer with this service and usage reputation is to be served.
 *
 * @param admitted Whether it was so far.
 * @throws INVALID_ARGUMENT if a number is negative, infinite or NaN, or `keepAt` above `admitAt`.
 */
export function deservesAdmission(
  { service, usage }: { readonly service: number; readonly usage: number },
  terms: AdmissionTerms,
  admitted: boolean,
): boolean {
  const { admitAt, keepAt, allowance, floor } = terms
  const isUsable = [service, usage, admitAt, keepAt, allowance, floor].every((n) => n >= 0 && Number.isFinite(n))
  if (!isUsable || keepAt > admitAt) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: isUsable ? '`keepAt` is above `admitAt`' : 'A reputation or a term is not a finite number from 0',
      hint: 'Admit at 0.8 and keep at 0.6, say.',
      values: { service, usage, ...terms },
    })
  }
  return usage <= allowance || (service >= floor && service >= (admitted ? keepAt : admitAt) * usage)
}
