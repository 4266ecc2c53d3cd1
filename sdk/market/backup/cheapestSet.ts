import { branch } from './branch.ts'
import { improve } from './improve.ts'
import { narrow } from './narrow.ts'
import { type Bound, readSellers, relax } from './relax.ts'
import { bestPrice, type FoundSet, type Item, type Search } from './search.ts'

/** For one number of needed pieces: what each seller asks for a piece of that size. */
export type PiecePrices = { readonly needed: number; readonly items: readonly Item[] }

/** What a search found: the cheapest set that it saw, if there is one at all, and a price that no set is below. */
export type Found = { readonly best?: FoundSet; readonly leastPrice: bigint }

/**
 * The cheapest set of sellers that loses the file with a probability of at most `1 − target`, by branch and bound: for each
 * number of pieces, and of needed ones, `relax` says what no such set can be cheaper than, and `branch` looks at those that
 * could be.
 *
 * @param prices one for each number of needed pieces
 * @param mostPieces sellers in a set
 * @param steps how far to look: where they run out, the set may not be the cheapest, and `leastPrice` is below its price
 */
export function cheapestSet(
  prices: readonly PiecePrices[],
  { target, mostPieces, steps }: { readonly target: number; readonly mostPieces: number; readonly steps: number },
): Found {
  const search: Search = { target, unit: priceUnit(prices, mostPieces), best: undefined, steps }
  const bounds: Bound[] = []
  for (const { needed, items } of prices) {
    const sellers = readSellers(needed, neededAtAll(items, mostPieces), search)
    for (let pieces = needed; pieces <= mostPieces; pieces++) {
      const bound = relax(sellers, pieces, search)
      if (bound !== undefined) bounds.push(bound)
    }
  }
  bounds.sort((one, other) => one.least - other.least)
  const open = () => bounds.filter((bound) => bound.least < bestPrice(search))
  for (const bound of open()) improve(bound.start, narrow(bound, search), search)
  let least = Number.POSITIVE_INFINITY
  for (const bound of open()) least = Math.min(least, branch(narrow(bound, search), search))
  const { best, unit } = search
  if (best === undefined) return { leastPrice: 0n }
  return { best, leastPrice: least < bestPrice(search) ? BigInt(Math.max(0, least)) * unit : best.price }
}

/** Prices are searched as whole numbers of this many base units, rounded down: their sums are exact in floating point. */
function priceUnit(prices: readonly PiecePrices[], mostPieces: number): bigint {
  let most = 0n
  for (const { items } of prices) for (const { price } of items) if (price > most) most = price
  let unit = 1n
  while ((most * BigInt(mostPieces)) / unit >= 2n ** 52n) unit *= 2n
  return unit
}

/**
 * Drops who is never needed: whoever is neither cheaper nor safer than another seller of the same operator, or than sellers of
 * so many other operators that in every set one of them is free to take the place.
 */
function neededAtAll(items: readonly Item[], mostPieces: number): Item[] {
  const sorted = [...items].sort((a, b) => compare(a.price, b.price) || a.failure - b.failure)
  /** The safest seller so far of each operator, the safest first, and no more of them than matter. */
  const safest: Item[] = []
  return sorted.filter((item) => {
    const own = safest.findIndex(({ operator }) => operator === item.operator)
    if (own !== -1 && (safest[own] as Item).failure <= item.failure) return false
    if (own !== -1) safest.splice(own, 1)
    if (safest.length === mostPieces && (safest.at(-1) as Item).failure <= item.failure) return false
    const place = safest.findIndex(({ failure }) => failure > item.failure)
    safest.splice(place === -1 ? safest.length : place, 0, item)
    if (safest.length > mostPieces) safest.pop()
    return true
  })
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}
