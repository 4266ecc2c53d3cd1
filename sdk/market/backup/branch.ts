import { addFailure, type Failures, isDurable, lossAfter, mostFailure, startFailures } from './lossProbability.ts'
import { firstAsSafe, type Problem } from './narrow.ts'
import { leastSafety, lowered } from './relax.ts'
import { bestPrice, failuresOf, type Item, offerSet, type Search } from './search.ts'

/**
 * Looks at all sets that could be cheaper, the sellers of each in the order of their reduced prices. At every node the bound
 * of `relax` is taken anew for the sellers that are still to be chosen, given those that are.
 *
 * @returns what no set that was not looked at is cheaper than, in units; infinite where all were
 */
export function branch(problem: Problem, search: Search): number {
  const { needed, pieces, items, prices, reduced, multiplier, byPrice } = problem
  const most = 1 - search.target
  const chosen: number[] = []
  const operators = new Set<number>()
  /** The failures among the chosen, by how many are chosen. */
  const levels: Failures[] = Array.from({ length: pieces }, () => startFailures(pieces - needed + 1))
  let open = Number.POSITIVE_INFINITY

  const visit = (from: number, more: number, price: number) => {
    const failures = levels[pieces - more] as Failures
    if (lossAfter(failures) * (1 - 1e-12) > most) return
    const highest = mostFailure(failures, more, most)
    if (highest === 0) return
    if (more === 1) return complete(price, highest)
    const fixed = price + multiplier * more * leastSafety(highest)
    for (let index = from; index < items.length; index++) {
      const item = items[index] as Item
      if (operators.has(item.operator)) continue
      search.steps--
      const rest = leastRest(index, more - 1)
      if (rest === Number.POSITIVE_INFINITY) return
      const bound = lowered(fixed + rest, fixed)
      // The reduced prices only rise: no later seller is better.
      if (bound >= bestPrice(search)) return
      if (search.steps <= 0) {
        open = Math.min(open, bound)
        return
      }
      operators.add(item.operator)
      chosen.push(index)
      addFailure(failures, item.failure, levels[pieces - more + 1] as Failures)
      visit(index + 1, more - 1, price + (prices[index] as number))
      chosen.pop()
      operators.delete(item.operator)
    }
  }

  /** The last seller: the cheapest of all that does. Whoever costs as many units may still be a little cheaper. */
  const complete = (price: number, highest: number) => {
    for (let place = firstAsSafe(problem, highest); place < byPrice.length; place++) {
      search.steps--
      const index = byPrice[place] as number
      const item = items[index] as Item
      if (price + (prices[index] as number) >= bestPrice(search)) return
      if (item.failure > highest || operators.has(item.operator)) continue
      const set = [...chosen, index].map((at) => items[at] as Item)
      if (isDurable(failuresOf(set), needed, search.target)) offerSet(needed, set, search)
    }
  }

  /** The reduced prices of a seller and of the best `more` after it whose operators are free; infinite where there are not so many. */
  const leastRest = (index: number, more: number): number => {
    const seen = [(items[index] as Item).operator]
    let sum = reduced[index] as number
    for (let at = index + 1; seen.length <= more; at++) {
      const item = items[at]
      if (item === undefined) return Number.POSITIVE_INFINITY
      if (operators.has(item.operator) || seen.includes(item.operator)) continue
      seen.push(item.operator)
      sum += reduced[at] as number
    }
    return sum
  }

  if (pieces === 1) complete(0, mostFailure(levels[0] as Failures, 1, most))
  else visit(0, pieces, 0)
  return open
}
