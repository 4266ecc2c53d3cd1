import { isDurable, mostFailure, startFailures } from './lossProbability.ts'
import { bestPrice, failuresOf, type Item, offerSet, priceOf, type Search } from './search.ts'

/** Sellers by price, for one number of needed pieces. Numbers of prices are in the search's units. */
export type Sellers = {
  readonly needed: number
  readonly items: readonly Item[]
  readonly prices: Float64Array
  /** −ln of the failure probabilities. */
  readonly safeties: Float64Array
  readonly choose: Choose
}

/** For one number of pieces: what no set is cheaper than, and a set to begin with. */
export type Bound = {
  readonly sellers: Sellers
  readonly pieces: number
  /** What a safety of 1 is worth: the reduced price of a seller is `price − multiplier·safety`. */
  readonly multiplier: number
  /** The bound, and the whole number that no price is below. */
  readonly relaxed: number
  readonly least: number
  readonly start: readonly Item[]
}

/** Sellers of different operators, with the sums of what counts. */
export type Choice = {
  readonly indices: number[]
  readonly price: number
  readonly safety: number
  readonly reduced: number
}

/** Chooses the sellers of so many operators with the least reduced prices; nothing where there are not so many operators. */
type Choose = (pieces: number, multiplier: number) => Choice | undefined

/** Floating point: a bound is lowered by this part of the numbers in it, far more than rounding can have raised it. */
const SLACK = 1e-11

/** A multiplier beside which no price matters. */
const SAFEST = 2 ** 100

/** Makes ready what all questions about the same sellers share. */
export function readSellers(needed: number, items: readonly Item[], { unit }: Search): Sellers {
  const prices = Float64Array.from(items, ({ price }) => Number(price / unit))
  const safeties = Float64Array.from(items, ({ failure }) => -Math.log(failure))
  return { needed, items, prices, safeties, choose: createChooser(items, prices, safeties) }
}

/**
 * Bounds the price of so many pieces. Nothing where no set can do, or none can be cheaper than the best one so far.
 *
 * Why it is a bound. For two sellers, given the others, the file is lost with the probability c + (b − c)(p + p′) +
 * (a − 2b + c)pp′, where a, b and c are the probabilities that it is lost if both fail, one does, or neither; b is c at least.
 * So of all pairs with the same product pp′ the one with p = p′ loses it least, and pair by pair the least loss for a product of
 * all probabilities is where all are the same. Sellers that do have therefore a sum of safeties of `pieces · −ln p` at least,
 * where p is what sellers that are all the same may fail with. Of the sets with that sum, Lagrange's relaxation bounds the
 * price: for any multiplier it is at least `multiplier · sum` plus the least reduced prices of so many operators.
 */
export function relax(sellers: Sellers, pieces: number, search: Search): Bound | undefined {
  const highest = mostFailure(startFailures(pieces - sellers.needed + 1), pieces, 1 - search.target)
  const safety = pieces * leastSafety(highest)
  const multiplier = findMultiplier((value) => (sellers.choose(pieces, value)?.safety ?? 0) >= safety)
  if (multiplier === undefined) return undefined
  const { price, reduced } = sellers.choose(pieces, multiplier) as Choice
  const relaxed = reduced + multiplier * safety
  const least = lowered(relaxed, price + multiplier * safety)
  if (least >= bestPrice(search)) return undefined
  const start = findStart(sellers, pieces, { multiplier, highest, search })
  return start && { sellers, pieces, multiplier, relaxed, least, start }
}

/** −ln of a failure probability, from below. */
export function leastSafety(failure: number): number {
  return failure >= 1 ? 0 : -Math.log(failure) * (1 - SLACK)
}

/** A bound from below, as the whole number that a price is. `size`: how large the numbers in it were. */
export function lowered(bound: number, size: number): number {
  return Math.ceil(bound - SLACK * (Math.abs(bound) + Math.abs(size)))
}

function createChooser(items: readonly Item[], prices: Float64Array, safeties: Float64Array): Choose {
  const places = new Map<number, number>()
  const operators = Int32Array.from(items, ({ operator }) => {
    const place = places.get(operator) ?? places.size
    places.set(operator, place)
    return place
  })
  const bestOf = new Int32Array(places.size)
  const reduced = new Float64Array(items.length)
  return (pieces, multiplier) => {
    if (places.size < pieces) return undefined
    bestOf.fill(-1)
    for (let index = 0; index < items.length; index++) {
      const value = (prices[index] as number) - multiplier * (safeties[index] as number)
      reduced[index] = value
      const operator = operators[index] as number
      const best = bestOf[operator] as number
      if (best === -1 || value < (reduced[best] as number)) bestOf[operator] = index
    }
    const indices = smallest(bestOf, reduced, pieces)
    const sum = (numbers: Float64Array) => indices.reduce((total, index) => total + (numbers[index] as number), 0)
    return { indices, price: sum(prices), safety: sum(safeties), reduced: sum(reduced) }
  }
}

/** Of some indices those with the smallest values, the smallest first. */
function smallest(indices: Int32Array, values: Float64Array, count: number): number[] {
  const chosen: number[] = []
  let largest = Number.POSITIVE_INFINITY
  for (const index of indices) {
    const value = values[index] as number
    if (chosen.length === count && value >= largest) continue
    let place = chosen.length
    while (place > 0 && (values[chosen[place - 1] as number] as number) > value) place--
    chosen.splice(place, 0, index)
    if (chosen.length > count) chosen.pop()
    largest = chosen.length < count ? largest : (values[chosen.at(-1) as number] as number)
  }
  return chosen
}

/** About the least multiplier that is safe, where the bound is highest. Any is sound. Nothing where none is safe. */
function findMultiplier(isSafe: (multiplier: number) => boolean): number | undefined {
  if (isSafe(0)) return 0
  let low = 0
  let high = 1
  while (!isSafe(high)) {
    low = high
    high *= 8
    if (high > 2 ** 80) return undefined
  }
  for (let step = 0; step < 40 && high - low > 1e-6 * high; step++) {
    const middle = (low + high) / 2
    if (isSafe(middle)) high = middle
    else low = middle
  }
  return high
}

type Around = { readonly multiplier: number; readonly highest: number; readonly search: Search }

/**
 * A set that does: what the relaxation chooses with higher and higher multipliers, or the cheapest sellers that fail no more
 * often than so, whichever is cheaper. Nothing where not even the safest sellers do.
 */
function findStart(sellers: Sellers, pieces: number, { multiplier, highest, search }: Around): Item[] | undefined {
  const { needed, items, choose } = sellers
  const set = (value: number) => choose(pieces, value)?.indices.map((index) => items[index] as Item)
  const isEnough = (set: readonly Item[] | undefined): set is Item[] =>
    set !== undefined && isDurable(failuresOf(set), needed, search.target)
  const safest = set(SAFEST)
  if (!isEnough(safest)) return undefined
  const found = [safest]
  for (let step = 0, raised = multiplier; step < 100; step++) {
    const chosen = set(raised)
    if (isEnough(chosen)) {
      found.push(chosen)
      break
    }
    raised = Math.max(1, raised * 1.1)
  }
  for (let failure = highest; failure < 1; failure *= 1.05) {
    const chosen = cheapestAsSafe(items, failure, pieces)
    if (!isEnough(chosen)) break
    found.push(chosen)
  }
  const [best] = found.sort((one, other) => (priceOf(one) < priceOf(other) ? -1 : 1)) as [Item[]]
  offerSet(needed, best, search)
  return best
}

/** The cheapest sellers of so many operators that fail no more often than so, if there are. `items` are by price. */
function cheapestAsSafe(items: readonly Item[], highest: number, pieces: number): Item[] | undefined {
  const chosen: Item[] = []
  const operators = new Set<number>()
  for (const item of items) {
    if (item.failure > highest || operators.has(item.operator)) continue
    operators.add(item.operator)
    chosen.push(item)
    if (chosen.length === pieces) return chosen
  }
  return undefined
}
