import type { RatioStanding, Standing } from '../chain/actions/getAdmission.ts'
import { RATIO_UNIT } from '../chain/actions/setRatioTerms.ts'

/**
 * What an admitted peer may consume beyond what the history holds, in the network's unit of value; nothing where its
 * admission has no such bound. Only the ratio bounds. Negative where it consumed more than it may.
 */
export function capacity(standing: Standing): bigint | undefined {
  if (standing.kind === 'ratio') return ratioCapacity(standing)
  if (standing.kind !== 'allOf' && standing.kind !== 'anyOf') return undefined
  // A bond is seen, so it is known whether it admits. Of a policy that asks for a proof it is not, and the peer is admitted.
  const deciding =
    standing.kind === 'allOf' ? standing.parts : standing.parts.filter((part) => part.kind !== 'bond' || part.eligible)
  const bounds = deciding.map(capacity)
  const known = bounds.filter((bound) => bound !== undefined)
  if (standing.kind === 'anyOf' && known.length < bounds.length) return undefined
  const [first, ...rest] = known
  if (first === undefined) return undefined
  const isBetter = (a: bigint, b: bigint) => (standing.kind === 'allOf' ? a < b : a > b)
  return rest.reduce((best, bound) => (isBetter(bound, best) ? bound : best), first)
}

function ratioCapacity({ provided, consumed, allowance, admitRatio }: RatioStanding): bigint {
  const earned = admitRatio === 0n ? 0n : (provided * RATIO_UNIT) / admitRatio
  return allowance + earned - consumed
}

/** What a peer must still provide to consume so much more than the history holds. */
export function lacking({ provided, consumed, allowance, admitRatio }: RatioStanding, more: bigint): bigint {
  const beyond = consumed + more - allowance
  const needed = beyond > 0n ? dividedUp(beyond * admitRatio, RATIO_UNIT) : 0n
  return needed > provided ? needed - provided : 0n
}

/** A quotient rounded up. */
export function dividedUp(dividend: bigint, divisor: bigint): bigint {
  return dividend > 0n ? (dividend + divisor - 1n) / divisor : dividend / divisor
}
