import { ScripError } from '../../errors/ScripError.ts'

/**
 * What is known of how a seller keeps things. Numbers of one's own count whole; what others say counts as much as they are
 * believed, so that both may be fractions.
 */
export type Experience = {
  /** Seconds over which it was seen to keep what it was paid to keep. */
  readonly seconds: number
  /** How often it was seen to have lost it. */
  readonly losses: number
}

/** How often sellers lose things, as a buyer sees them all: a weight for each of `RATES`, which add up to 1. */
export type Prior = readonly number[]

const DAY = 86_400

/** Losses a second of which one is taken to be a seller's: from one in 2,700 years to ten a day, eight to a tenth. */
const RATES: readonly number[] = Array.from({ length: 57 }, (_, place) => 10 ** (place / 8 - 6) / DAY)

const LOGARITHMS = RATES.map(Math.log)

/** A likelihood that is not taken for none at all. */
const LEAST = 1e-300

/** How many sellers the opinion about unknown sellers is worth while others are met. */
const DOUBT = 4
const ROUNDS = 100

/**
 * What is thought of sellers while nobody was met: from one loss in 270 years to one a day, every magnitude as likely as
 * another. About a quarter of such sellers lose in two weeks what they are given.
 */
export const unknownSellers: Prior = normalized(
  RATES.map((rate) => (rate * DAY >= 0.99e-5 && rate * DAY <= 1.01 ? 1 : 0)),
)

/** What somebody else says, believed as far as `trust`, from 0 to 1: its reputation, say. */
export function believed(told: Experience, trust: number): Experience {
  requireExperience(told)
  if (!(trust >= 0 && trust <= 1)) {
    throw new ScripError('INVALID_ARGUMENT', { detail: `A trust of ${trust} is not from 0 to 1.`, values: { trust } })
  }
  return { seconds: told.seconds * trust, losses: told.losses * trust }
}

/** All experiences of one seller as one. */
export function pooled(experiences: readonly Experience[]): Experience {
  const sum = (of: (one: Experience) => number) => experiences.reduce((total, one) => total + of(one), 0)
  return { seconds: sum(({ seconds }) => seconds), losses: sum(({ losses }) => losses) }
}

/**
 * How often sellers lose things, learned from all that were met: the mixture of rates that explains them best (Laird 1978), held
 * back by what is thought of unknown sellers, which counts as much as four of them.
 *
 * @param experiences of each seller one
 * @throws `INVALID_ARGUMENT` where one is not numbers from 0
 */
export function learnPrior(experiences: readonly Experience[]): Prior {
  experiences.forEach(requireExperience)
  const likelihoods = experiences.map(likelihoodOf)
  let prior: Prior = unknownSellers
  for (let round = 0; round < ROUNDS && likelihoods.length > 0; round++) {
    const next = unknownSellers.map((weight) => weight * DOUBT)
    for (const likelihood of likelihoods) {
      let total = 0
      for (let place = 0; place < prior.length; place++)
        total += (prior[place] as number) * (likelihood[place] as number)
      for (let place = 0; place < prior.length; place++) {
        next[place] = (next[place] as number) + ((prior[place] as number) * (likelihood[place] as number)) / total
      }
    }
    prior = normalized(next)
  }
  return prior
}

/**
 * The probability that a seller loses within so many seconds what it is given: losses come at a rate that is a seller's own, of
 * which is known what `prior` says of all sellers and what this one did. It is the mean over all that may be so, and therefore
 * right for the file: what is not known of a seller makes it worse than its best guess, and sellers that are not linked may be
 * multiplied.
 *
 * @throws `INVALID_ARGUMENT` where a number is negative, infinite or NaN
 *
 * @example
 * estimateFailure({ seconds: 180 * 86_400, losses: 0 }, 14 * 86_400, learnPrior(everybody))
 */
export function estimateFailure(experience: Experience, seconds: number, prior: Prior = unknownSellers): number {
  requireExperience(experience)
  requireExperience({ seconds, losses: 0 })
  const likelihood = likelihoodOf(experience)
  let total = 0
  let lost = 0
  RATES.forEach((rate, place) => {
    const weight = (prior[place] as number) * (likelihood[place] as number)
    total += weight
    lost -= weight * Math.expm1(-rate * seconds)
  })
  return Math.min(1, lost / total)
}

/** How well each rate explains what was seen, against the one that does best. */
function likelihoodOf({ seconds, losses }: Experience): Float64Array {
  const likelihood = new Float64Array(RATES.length)
  let most = Number.NEGATIVE_INFINITY
  for (let place = 0; place < RATES.length; place++) {
    likelihood[place] = losses * (LOGARITHMS[place] as number) - (RATES[place] as number) * seconds
    most = Math.max(most, likelihood[place] as number)
  }
  for (let place = 0; place < RATES.length; place++) {
    likelihood[place] = Math.max(Math.exp((likelihood[place] as number) - most), LEAST)
  }
  return likelihood
}

function normalized(weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map((weight) => weight / total)
}

function requireExperience({ seconds, losses }: Experience): void {
  if (seconds >= 0 && losses >= 0 && seconds + losses < Number.POSITIVE_INFINITY) return
  throw new ScripError('INVALID_ARGUMENT', {
    detail: 'What is known of a seller is not finite numbers from 0.',
    values: { seconds, losses },
  })
}
