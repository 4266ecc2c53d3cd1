/** Who a seller fails together with: whoever has the same key, or the same operator. */
type Owned = { readonly seller: string; readonly operator: string }

/**
 * The number of each seller's operator. Sellers that share a key or the name of an operator have the same, and so have those
 * that are linked by others: two names of operators under one key are one operator.
 */
export function operatorsOf(sellers: readonly Owned[]): number[] {
  const parents = sellers.map((_, index) => index)
  const rootOf = (index: number): number => {
    let at = index
    while (parents[at] !== at) {
      parents[at] = parents[parents[at] as number] as number
      at = parents[at] as number
    }
    return at
  }
  const firstWith = new Map<string, number>()
  sellers.forEach(({ seller, operator }, index) => {
    for (const name of [`key ${seller.toLowerCase()}`, `operator ${operator.trim().toLowerCase()}`]) {
      const first = firstWith.get(name)
      if (first === undefined) firstWith.set(name, index)
      else parents[rootOf(index)] = rootOf(first)
    }
  })
  return sellers.map((_, index) => rootOf(index))
}
