import type { Address } from 'viem'
import { ScripError } from '../../errors/ScripError.ts'
import { cheapestSet, type PiecePrices } from './cheapestSet.ts'
import { lossProbability, roundFailure } from './lossProbability.ts'
import { operatorsOf } from './operatorsOf.ts'
import { pieceSize } from './pieceSize.ts'
import type { Item } from './search.ts'

/** A seller that a piece could be stored with. */
export type Candidate = {
  /** The account that signs its offers. */
  readonly seller: Address
  /** Who runs it. */
  readonly operator: string
  /** The probability that a piece is lost before it is needed, from 0 to 1: `estimateFailure` gives it. */
  readonly failure: number
  /** Base units for a piece of so many bytes, all in one currency; nothing where the seller does not take one. */
  price(bytes: number): bigint | undefined
}

export type ChooseSellersParameters = {
  /** Bytes of the file. */
  readonly bytes: number
  /** The probability with which the file shall survive, from 0.5 to below 1. */
  readonly target: number
  /** Pieces, each with another operator: 16 where nothing is said, 64 at most. */
  readonly mostPieces?: number
  /** Pieces that are needed to have the file back, 8 at most where nothing is said: 1 means copies. */
  readonly mostNeeded?: number
  /** Exactly so many are needed, where pieces are out there already. */
  readonly needed?: number
  /** How long to look, in steps of the search: a tenth of a second or so where nothing is said. */
  readonly steps?: number
}

/** Where to store the pieces of a file. */
export type Choice<Of extends Candidate = Candidate> = {
  /** Pieces that are needed to have the file back. */
  readonly needed: number
  /** One for each piece. */
  readonly sellers: readonly Of[]
  readonly pieceBytes: number
  /** Base units for all pieces. */
  readonly price: bigint
  /** The probability that the file survives, rounded down. */
  readonly survival: number
  /** Nothing cheaper does, as is proved: `price` itself, or less where the search was ended before. */
  readonly leastPrice: bigint
}

const STEPS = 50_000
const MOST_PIECES = 64

/**
 * The cheapest sellers with which a file survives as surely as asked: copies, or pieces of which some are enough. Who fails
 * seldom costs more: one seller that fails with .25 is worth two that fail with .5 each (Turner and Ross 2003, 2.4). No two of
 * them share an operator or a key, also not by way of others, because such sellers fail together; the others are taken to fail
 * by themselves.
 *
 * @throws `DURABILITY_UNREACHABLE` where no sellers do, `INVALID_ARGUMENT`
 *
 * @example
 * const { needed, sellers, price } = chooseSellers(candidates, { bytes: 1_000_000, target: 0.999 })
 */
export function chooseSellers<Of extends Candidate>(
  candidates: readonly Of[],
  { bytes, target, mostPieces = 16, mostNeeded = 8, needed: only, steps = STEPS }: ChooseSellersParameters,
): Choice<Of> {
  requireWhole('bytes', bytes, Number.MAX_SAFE_INTEGER)
  requireWhole('mostPieces', mostPieces, MOST_PIECES)
  requireWhole('mostNeeded', mostNeeded, MOST_PIECES)
  if (!(target >= 0.5 && target < 1)) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: `A file cannot survive with a probability of ${target}.`,
      hint: 'Give a probability from 0.5 to below 1: 0.999 is usual.',
      values: { target },
    })
  }
  const operators = operatorsOf(candidates)
  const failures = candidates.map(readFailure)
  const pricesFor = (needed: number): PiecePrices & { items: (Item & { candidate: Of })[] } => {
    const size = pieceSize(bytes, needed)
    const items = candidates.flatMap((candidate, index) => {
      const failure = failures[index] as number
      const price = failure < 1 ? readPrice(candidate, size) : undefined
      return price === undefined ? [] : [{ candidate, price, failure, operator: operators[index] as number }]
    })
    return { needed, items }
  }
  const most = Math.min(mostNeeded, mostPieces)
  if (only !== undefined) requireWhole('needed', only, mostPieces)
  const counts = only === undefined ? Array.from({ length: most }, (_, index) => index + 1) : [only]
  const prices = counts.map(pricesFor)
  const { best, leastPrice } = cheapestSet(prices, { target, mostPieces, steps })
  if (best === undefined) throw unreachable(prices, mostPieces, target)
  const { needed, price } = best
  const items = best.items as readonly (Item & { candidate: Of })[]
  const loss = lossProbability(
    items.map(({ failure }) => failure),
    needed,
  )
  // Rounded down, but not below what was proved without rounding.
  const survival = Math.max(target, 1 - loss * (1 + 1e-12) - 2 ** -53)
  const sellers = items.map(({ candidate }) => candidate)
  return { needed, sellers, pieceBytes: pieceSize(bytes, needed), price, survival, leastPrice }
}

/** The probability that a file survives with pieces at these sellers, rounded down. */
export function survivalOf(failures: readonly number[], needed: number): number {
  const rounded = failures.map(roundFailure)
  return Math.max(0, 1 - lossProbability(rounded, needed) * (1 + 1e-12) - 2 ** -53)
}

function requireWhole(name: string, value: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return
  throw new ScripError('INVALID_ARGUMENT', {
    detail: `\`${name}\` is ${value}, and not a whole number from 1 to ${most}.`,
    values: { [name]: value },
  })
}

function readFailure({ failure, seller }: Candidate): number {
  if (failure >= 0 && failure <= 1) return roundFailure(failure)
  throw new ScripError('INVALID_ARGUMENT', {
    detail: `${seller} cannot fail with a probability of ${failure}.`,
    hint: 'estimateFailure gives a probability.',
    values: { seller, failure },
  })
}

function readPrice(candidate: Candidate, bytes: number): bigint | undefined {
  const { seller } = candidate
  const asked = candidate.price(bytes)
  if (asked === undefined || asked >= 0n) return asked
  throw new ScripError('INVALID_ARGUMENT', {
    detail: `${seller} cannot ask ${asked} for a piece.`,
    values: { seller, price: asked },
  })
}

function unreachable(prices: readonly PiecePrices[], mostPieces: number, target: number): ScripError {
  const bestOf = prices.map(({ needed, items }) => {
    const safest = new Map<number, number>()
    for (const { operator, failure } of items) safest.set(operator, Math.min(failure, safest.get(operator) ?? 1))
    const failures = [...safest.values()].sort((one, other) => one - other)
    return survivalOf(failures.slice(0, mostPieces), needed)
  })
  const operators = new Set(prices.flatMap(({ items }) => items.map(({ operator }) => operator))).size
  const survival = Math.max(0, ...bestOf)
  return new ScripError('DURABILITY_UNREACHABLE', {
    detail: `With ${operators} operators a file survives with a probability of ${survival} at most, and not of ${target}.`,
    values: { target, survival, operators },
  })
}
