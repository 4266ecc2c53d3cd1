import { addFailure, isDurable, mostFailure, startFailures } from './lossProbability.ts'
import { firstAsSafe, type Problem } from './narrow.ts'
import { failuresOf, type Item, offerSet, priceOf, type Search } from './search.ts'

/** How many sellers, of the least reduced prices, are tried for the one place while the other is filled as cheaply as can be. */
const TRIED = 300

/** Makes a set cheaper by changing two of its sellers at a time, as long as that helps. */
export function improve(start: readonly Item[], problem: Problem, search: Search): void {
  let set: readonly Item[] | undefined = start
  while (set !== undefined) {
    offerSet(problem.needed, set, search)
    set = cheaper(set, problem, search)
  }
}

function cheaper(set: readonly Item[], problem: Problem, search: Search): readonly Item[] | undefined {
  for (let first = 1; first < set.length; first++) {
    for (let second = 0; second < first; second++) {
      const rest = set.filter((_, at) => at !== first && at !== second)
      const left = [set[first] as Item, set[second] as Item] as const
      const pair = cheaperPair(rest, left, problem, search)
      if (pair !== undefined) return [...rest, ...pair]
    }
  }
  return undefined
}

/** Two sellers that are cheaper than those that left, and do together with the rest. */
function cheaperPair(
  rest: readonly Item[],
  left: readonly [Item, Item],
  problem: Problem,
  { target }: Search,
): Item[] | undefined {
  const { needed, pieces, items, byPrice } = problem
  const operators = new Set(rest.map(({ operator }) => operator))
  const others = startFailures(pieces - needed + 1)
  for (const { failure } of rest) addFailure(others, failure, others)
  const withOne = others.slice()
  for (const one of [...left, ...items.slice(0, TRIED)]) {
    const limit = priceOf(left) - one.price
    if (limit <= 0n || operators.has(one.operator)) continue
    addFailure(others, one.failure, withOne)
    const highest = mostFailure(withOne, 1, 1 - target)
    for (let place = firstAsSafe(problem, highest); place < byPrice.length; place++) {
      const two = items[byPrice[place] as number] as Item
      if (two.price >= limit) break
      if (two.failure > highest || two.operator === one.operator || operators.has(two.operator)) continue
      if (isDurable(failuresOf([...rest, one, two]), needed, target)) return [one, two]
    }
  }
  return undefined
}
