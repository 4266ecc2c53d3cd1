/**
 * Failure probabilities are multiples of 2^-40, so that products of them are whole numbers over a power of two: what floating
 * point cannot decide is decided without rounding.
 */
const FAILURE_BITS = 40
const TARGET_BITS = 53
const FAILURE_ONE = 2 ** FAILURE_BITS

/** Floating point is off by less than this part of a sum of products of up to 255 probabilities, all of it above 0. */
const ROUNDING = 1e-12

/** The next multiple of 2^-40 from a probability upwards, 2^-40 at least: nobody never fails. */
export function roundFailure(failure: number): number {
  return Math.max(1, Math.ceil(failure * FAILURE_ONE)) / FAILURE_ONE
}

/** The probability, in floating point, that fewer than `needed` of these pieces outlive their sellers' failures. */
export function lossProbability(failures: readonly number[], needed: number): number {
  const most = failures.length - needed
  if (most < 0) return 1
  return lossAfter(addAll(startFailures(most + 1), failures))
}

/**
 * Whether the probability to lose the file is at most `1 − target`, decided without rounding.
 * @param failures multiples of 2^-40
 * @param target from 0.5 up to 1
 */
export function isDurable(failures: readonly number[], needed: number, target: number): boolean {
  const loss = lossProbability(failures, needed)
  const most = 1 - target // Exact, because target is 0.5 at least.
  if (loss * (1 + ROUNDING) <= most) return true
  if (loss * (1 - ROUNDING) > most) return false
  return isDurableExactly(failures, needed, most)
}

function isDurableExactly(failures: readonly number[], needed: number, most: number): boolean {
  if (failures.length < needed) return false
  const one = 1n << BigInt(FAILURE_BITS)
  /** How many ways, of `one` to the power of what was added so far, lead to so many failures. */
  let ways = [1n]
  for (const failure of failures) {
    const fails = BigInt(failure * FAILURE_ONE)
    ways = [...ways, 0n].map((way, count) => way * (one - fails) + (ways[count - 1] ?? 0n) * fails)
  }
  const lost = ways.slice(failures.length - needed + 1).reduce((sum, way) => sum + way, 0n)
  const budget = BigInt(most * 2 ** TARGET_BITS)
  return lost << BigInt(TARGET_BITS) <= budget << BigInt(FAILURE_BITS * failures.length)
}

/**
 * How probable each number of failures is, up to `losing`, the number from which on the file is lost: the last entry is for
 * that many or more.
 */
export type Failures = Float64Array

/** Nobody chosen yet: no failure, for sure. */
export function startFailures(losing: number): Failures {
  const failures = new Float64Array(losing + 1)
  failures[0] = 1
  return failures
}

/** One more seller, from `before` into `after`. Both may be the same. */
export function addFailure(before: Failures, failure: number, after: Failures): void {
  const losing = before.length - 1
  const kept = 1 - failure
  after[losing] = at(before, losing) + at(before, losing - 1) * failure
  for (let count = losing - 1; count > 0; count--) {
    after[count] = at(before, count) * kept + at(before, count - 1) * failure
  }
  after[0] = at(before, 0) * kept
}

/** The probability that the file is lost. */
export function lossAfter(failures: Failures): number {
  return at(failures, failures.length - 1)
}

function addAll(failures: Failures, added: readonly number[]): Failures {
  for (const failure of added) addFailure(failures, failure, failures)
  return failures
}

/**
 * The largest failure probability that `more` further sellers may all have, from above, so that the loss is at most `most`;
 * above 1 where that does not matter.
 */
export function mostFailure(failures: Failures, more: number, most: number): number {
  // What is lost just as often as it may be must not seem to be lost more often.
  const budget = most * (1 + 2 * ROUNDING)
  if (more === 1) {
    const left = budget - lossAfter(failures)
    const critical = at(failures, failures.length - 2)
    return left < 0 ? 0 : critical === 0 ? Number.POSITIVE_INFINITY : (left / critical) * (1 + ROUNDING)
  }
  const loss = (failure: number) => Math.max(lossWith(failures, more, failure), Number.MIN_VALUE)
  if (loss(1) <= budget) return Number.POSITIVE_INFINITY
  let high = 1
  let low = 2 ** -FAILURE_BITS
  if (loss(low) > budget) return 0
  // In the logarithm the loss is nearly a straight line; where it is not, every second step halves what is left.
  let atLow = Math.log(loss(low) / budget)
  let atHigh = Math.log(loss(high) / budget)
  for (let step = 0; step < 100 && high > low * (1 + 1e-5); step++) {
    const share = step % 2 === 0 ? Math.min(atHigh / (atHigh - atLow) + 1e-9, 1) : 0.5
    const middle = Math.exp(Math.log(high) + (Math.log(low) - Math.log(high)) * share)
    const value = Math.log(loss(middle) / budget)
    if (value > 0) {
      high = middle
      atHigh = value
    } else {
      low = middle
      atLow = value
    }
  }
  return high * (1 + ROUNDING)
}

const tails = new Float64Array(256)

/** The probability to lose the file with `more` sellers that all fail with the same probability. */
function lossWith(failures: Failures, more: number, failure: number): number {
  const losing = failures.length - 1
  binomialTails(more, failure)
  let loss = at(failures, losing)
  for (let count = Math.max(0, losing - more); count < losing; count++) {
    loss += at(failures, count) * at(tails, losing - count)
  }
  return loss
}

/** Writes into `tails` the probability of at least 0, 1, … failures among `count` sellers. */
function binomialTails(count: number, failure: number): void {
  if (failure >= 1) {
    tails.fill(1, 0, count + 1)
    return
  }
  const odds = failure / (1 - failure)
  let ways = failure ** count
  let sum = 0
  for (let fails = count; fails >= 0; fails--) {
    sum += ways
    tails[fails] = sum
    ways *= fails / (count - fails + 1) / odds
  }
}

function at(numbers: Float64Array, index: number): number {
  return numbers[index] as number
}
