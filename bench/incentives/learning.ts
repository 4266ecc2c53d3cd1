import { GAIN, type Strategy, strategies } from './settings.ts'

/** How much of a strategy's rating stays from one round to the next. */
const MEMORY = 0.9
/** The probability of a switch per round, where the rating of the best strategy is better by all that a service gains. */
const RATE = 0.05

export type Rating = { readonly strategy: Strategy; readonly score: number }

/**
 * What the players know of how strategies pay: for each a rating, an average of its players' mean score per round in which
 * older rounds fade: rating ← 0.9 · rating + 0.1 · mean of this round. It begins with the first round's mean. At the end of a round
 * each player goes over to the best rated strategy that somebody plays with probability 0.05 · (best − own) / 7.
 *
 * Ratings of one round alone would be mostly noise in a small population: defectors then survive next to good strategies.
 */
export class Learning {
  readonly #ratings = new Map<Strategy, number>()

  /** Takes in a round: what each player scored, by strategy. */
  learn(scores: Iterable<Rating>): void {
    const sums = new Map<Strategy, { total: number; count: number }>()
    for (const { strategy, score } of scores) {
      const sum = sums.get(strategy)
      if (sum === undefined) sums.set(strategy, { total: score, count: 1 })
      else {
        sum.total += score
        sum.count++
      }
    }
    for (const strategy of strategies) {
      const sum = sums.get(strategy)
      // What nobody plays nobody can learn from.
      if (sum === undefined) this.#ratings.delete(strategy)
      else {
        const mean = sum.total / sum.count
        this.#ratings.set(strategy, MEMORY * (this.#ratings.get(strategy) ?? mean) + (1 - MEMORY) * mean)
      }
    }
  }

  /** The best rated strategy, and the probability with which a player of this one goes over to it. */
  lure(strategy: Strategy): { best: Strategy; probability: number } {
    let best = strategy
    for (const [other, rating] of this.#ratings) if (rating > this.#rating(best)) best = other
    return { best, probability: (RATE * (this.#rating(best) - this.#rating(strategy))) / GAIN }
  }

  #rating(strategy: Strategy): number {
    return this.#ratings.get(strategy) ?? 0
  }
}
