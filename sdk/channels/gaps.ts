/**
 * Totals that a newer payment skipped: those above `from`, up to and including `to`, in base units. The payee has the money,
 * because totals are cumulative; the payments that stand for it may still come.
 */
export type Gap = { readonly from: bigint; readonly to: bigint }

/** Gaps of one channel, apart from each other, the lowest first. */
export type Gaps = readonly Gap[]

/**
 * Gaps that a payee remembers of a channel. Each is a payment that a newer one overtook: more than that many at once would
 * be a payer that skips totals on purpose. The lowest are forgotten first: their money stays the payer's credit, and a late
 * payment for it is one that adds nothing.
 */
export const MOST_GAPS = 128

/** What a payment takes: how many base units, and the gaps that it leaves. */
export type Taken = { readonly amount: bigint; readonly gaps: Gaps }

/**
 * What a payment that makes `total` and is meant for `amount` base units takes of what nobody took before. Above the best
 * total so far everything is new, and what lies between the two is a gap from then on.
 */
export function takeFrom(gaps: Gaps, best: bigint, total: bigint, amount: bigint): Taken {
  const open = total > best ? merged(gaps, { from: best, to: total }) : gaps
  const index = open.findIndex(({ from, to }) => from < total && total <= to)
  const gap = open[index]
  if (gap === undefined) return { amount: 0n, gaps }
  const from = larger(gap.from, total - amount)
  const rest = [
    { from: gap.from, to: from },
    { from: total, to: gap.to },
  ].filter(({ from, to }) => from < to)
  const left = [...open.slice(0, index), ...rest, ...open.slice(index + 1)]
  return { amount: total - from, gaps: left.slice(-MOST_GAPS) }
}

/** The gaps without what lies below a total: nothing that pays for less is on its way any more. */
export function closeBelow(gaps: Gaps, total: bigint): Gaps {
  return gaps.filter(({ to }) => to > total).map(({ from, to }) => ({ from: larger(from, total), to }))
}

/** Whether a total lies in a gap. */
export function isIn(gaps: Gaps, total: bigint): boolean {
  return gaps.some(({ from, to }) => from < total && total <= to)
}

/** Base units in all gaps. */
export function sizeOf(gaps: Gaps): bigint {
  return gaps.reduce((sum, { from, to }) => sum + to - from, 0n)
}

function merged(gaps: Gaps, next: Gap): Gaps {
  const last = gaps.at(-1)
  return last?.to === next.from ? [...gaps.slice(0, -1), { from: last.from, to: next.to }] : [...gaps, next]
}

function larger(one: bigint, other: bigint): bigint {
  return one > other ? one : other
}
