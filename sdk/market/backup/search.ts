/** A seller as the search sees it. */
export type Item = {
  /** Base units for one piece. */
  readonly price: bigint
  /** The probability to lose the piece, a multiple of 2^-40 above 0 and below 1. */
  readonly failure: number
  /** The number of its operator: a set has one seller of each at most. */
  readonly operator: number
}

/** A set of sellers that keeps the file as surely as was asked. */
export type FoundSet = { readonly needed: number; readonly items: readonly Item[]; readonly price: bigint }

/** How far a search is. Its bounds are whole numbers of `unit` base units. */
export type Search = {
  readonly target: number
  readonly unit: bigint
  best: FoundSet | undefined
  /** Steps that may still be made. */
  steps: number
}

/** The price that a set has to be below to be cheaper, in units. */
export function bestPrice({ best, unit }: Search): number {
  return best === undefined ? Number.POSITIVE_INFINITY : Number((best.price + unit - 1n) / unit)
}

/** Takes a set that does, where it is cheaper than the best one so far. */
export function offerSet(needed: number, items: readonly Item[], search: Search): void {
  const price = priceOf(items)
  if (search.best === undefined || price < search.best.price) search.best = { needed, items, price }
}

export function priceOf(items: readonly Item[]): bigint {
  return items.reduce((sum, { price }) => sum + price, 0n)
}

export function failuresOf(items: readonly Item[]): number[] {
  return items.map(({ failure }) => failure)
}
