/** Numbers that follow from a seed (Mulberry32 by Tommy Ettinger). */
export function createRandom(seed: number) {
  let state = seed >>> 0

  /** Between 0 and 1. */
  function fraction(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** Between two numbers, both included. */
  const between = (min: number, max: number) => min + Math.floor(fraction() * (max - min + 1))
  const pick = <Item>(items: readonly Item[]): Item => items[between(0, items.length - 1)] as Item
  const bytes32 = () =>
    `0x${Array.from({ length: 8 }, () =>
      between(0, 2 ** 32 - 1)
        .toString(16)
        .padStart(8, '0'),
    ).join('')}` as const

  return {
    fraction,
    between,
    pick,
    bytes32,
    chance: (probability: number) => fraction() < probability,
    /** One of the items that fit, if any does. */
    find<Item>(items: readonly Item[], fits: (item: Item) => boolean): Item | undefined {
      const fitting = items.filter(fits)
      return fitting.length > 0 ? pick(fitting) : undefined
    },
    /** One of the names, the likelier the less often it was counted. */
    rare<Name extends string>(names: readonly Name[], counts: ReadonlyMap<string, number>): Name {
      const weights = names.map((name) => 1 / (1 + (counts.get(name) ?? 0)))
      let rest = fraction() * weights.reduce((sum, weight) => sum + weight, 0)
      for (const [i, name] of names.entries()) {
        rest -= weights[i] as number
        if (rest <= 0) return name
      }
      return pick(names)
    },
  }
}

export type Random = ReturnType<typeof createRandom>
