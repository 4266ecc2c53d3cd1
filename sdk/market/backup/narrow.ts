import { type Bound, type Choice, lowered } from './relax.ts'
import { bestPrice, type Item, type Search } from './search.ts'

/**
 * The sellers of a bound that a cheaper set can have, by their reduced prices. Numbers are in the search's units.
 */
export type Problem = {
  readonly needed: number
  readonly pieces: number
  readonly multiplier: number
  readonly items: readonly Item[]
  readonly prices: Float64Array
  readonly reduced: Float64Array
  /** The places of the sellers in `items`, by price. */
  readonly byPrice: Int32Array
  /** For each place in `byPrice` the least failure probability up to there. */
  readonly safestSoFar: Float64Array
}

/**
 * Leaves out whom no cheaper set can have: a set with a seller is dearer than the bound by what its reduced price is above those
 * of the sellers that the bound was made of.
 */
export function narrow({ sellers, pieces, multiplier, relaxed }: Bound, search: Search): Problem {
  const { needed, items, prices, safeties } = sellers
  const reduced = prices.map((price, index) => price - multiplier * (safeties[index] as number))
  const { indices, price, safety } = sellers.choose(pieces, multiplier) as Choice
  const size = price + multiplier * safety
  const last = reduced[indices.at(-1) as number] as number
  const kept = [...items.keys()].filter(
    (index) => lowered(relaxed + Math.max(0, (reduced[index] as number) - last), size) < bestPrice(search),
  )
  kept.sort((one, other) => (reduced[one] as number) - (reduced[other] as number))
  const pick = (numbers: Float64Array) => Float64Array.from(kept, (index) => numbers[index] as number)
  const keptItems = kept.map((index) => items[index] as Item)
  const keptPrices = pick(prices)
  const byPrice = Int32Array.from(kept.keys())
  byPrice.sort((one, other) => (keptPrices[one] as number) - (keptPrices[other] as number))
  const safestSoFar = safestOf(byPrice, keptItems)
  return {
    needed,
    pieces,
    multiplier,
    items: keptItems,
    prices: keptPrices,
    reduced: pick(reduced),
    byPrice,
    safestSoFar,
  }
}

/** The first place in `byPrice` by which some seller fails no more often than so. */
export function firstAsSafe({ safestSoFar }: Problem, highest: number): number {
  let low = 0
  let high = safestSoFar.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((safestSoFar[middle] as number) <= highest) high = middle
    else low = middle + 1
  }
  return low
}

function safestOf(order: Int32Array, items: readonly Item[]): Float64Array {
  let least = 1
  return Float64Array.from(order, (index) => {
    least = Math.min(least, (items[index] as Item).failure)
    return least
  })
}
