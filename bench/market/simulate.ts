import {
  type Candidate,
  chooseSellers,
  type Experience,
  estimateFailure,
  learnPrior,
  type Prior,
} from '@scrip/sdk/market'
import type { Address } from 'viem'

const DAY = 86_400
/** How long a file shall survive. */
export const TERM = 14 * DAY
const SELLERS_MET = 1_000
const OPERATORS_IN_REACH = 24
const FILES_A_WORLD = 250

/** Numbers from 0 to below 1, the same for the same seed (Mulberry32, a generator of 32 bits). */
export function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Who runs sellers, and how often they lose what they hold, all at once. */
type Operator = { readonly name: string; readonly rate: number }

/**
 * How often an operator loses things: seven in ten about every three years, the others about every forty days, each kind over
 * a wide range. The estimator knows nothing of this shape.
 */
function drawRate(random: () => number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const days = random() < 0.7 ? 1_000 : 40
  return Math.exp(normal) / (days * DAY)
}

/** What was seen of a seller that loses things at this rate: up to a year of it, for many much less. */
function drawExperience(rate: number, random: () => number): Experience {
  const seconds = 365 * DAY * random() ** 2
  let losses = 0
  const untilNext = () => -Math.log(1 - random()) / rate
  for (let at = untilNext(); at < seconds; at += untilNext()) losses++
  return { seconds, losses }
}

type Seller = Candidate & { readonly of: Operator }

/** Sellers in reach, some of which share an operator. The more is known for them, the more they ask, up to chance. */
function drawMarket(prior: Prior, random: () => number): Seller[] {
  return Array.from({ length: OPERATORS_IN_REACH }, (_, number) => ({
    name: String(number),
    rate: drawRate(random),
  })).flatMap((of) =>
    Array.from({ length: 1 + Math.floor(2 * random()) }, (): Seller => {
      const failure = estimateFailure(drawExperience(of.rate, random), TERM, prior)
      const perByte = Math.ceil(1_000 * -Math.log(failure) * (0.5 + random()))
      const seller: Address = `0x${Math.floor(random() * 2 ** 48)
        .toString(16)
        .padStart(40, '0')}`
      return { of, seller, operator: of.name, failure, price: (bytes) => BigInt(perByte * bytes) }
    }),
  )
}

/** What came of files that were promised to survive with a probability. */
export type Simulated = {
  readonly target: number
  readonly files: number
  readonly survived: number
  /** The mean of what was promised for each: the cheapest set that does promises a little more than the target. */
  readonly promised: number
}

/**
 * Stores files and looks what is left of them after their term. Every file has a market of its own, whose sellers' true rates
 * nobody knows; what is thought of sellers at large is learned anew for every 250 files.
 */
export function simulate(target: number, files: number, seed: number): Simulated {
  const random = createRandom(seed)
  let survived = 0
  let promised = 0
  let prior: Prior | undefined
  for (let file = 0; file < files; file++) {
    if (file % FILES_A_WORLD === 0 || prior === undefined) {
      prior = learnPrior(Array.from({ length: SELLERS_MET }, () => drawExperience(drawRate(random), random)))
    }
    const { sellers, needed, survival } = chooseSellers(drawMarket(prior, random), {
      bytes: 1_000,
      target,
      mostPieces: 6,
      mostNeeded: 3,
      steps: 1,
    })
    // An operator loses all that its sellers hold: by then it matters that no two of them have pieces of one file.
    const lost = new Map<string, boolean>()
    for (const { of } of sellers) lost.set(of.name, lost.get(of.name) ?? random() < -Math.expm1(-of.rate * TERM))
    const kept = sellers.filter(({ of }) => lost.get(of.name) === false).length
    if (kept >= needed) survived++
    promised += survival
  }
  return { target, files, survived, promised: promised / files }
}

/** Wilson's interval of 95 % for a share. */
export function wilson(count: number, of: number): [number, number] {
  const z = 1.959964
  const share = count / of
  const middle = (share + (z * z) / (2 * of)) / (1 + (z * z) / of)
  const half = (z / (1 + (z * z) / of)) * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of))
  return [middle - half, middle + half]
}
