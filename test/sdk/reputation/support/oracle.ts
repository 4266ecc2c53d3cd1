import type { GraphEdge } from '@scrip/sdk/reputation'

type Address = `0x${string}`

/** How many peers the small graphs of the property tests are among: few enough to try every cut. */
export const PEERS = 8

/** Amounts by consumer, then by provider, as in a table. */
export type Amounts = readonly (readonly bigint[])[]

/** The address of a peer by number, with letters, so that its spelling can differ. Rises with the number. */
export function peer(number: number): Address {
  return `0xfeed${number.toString(16).padStart(36, '0')}`
}

export function numberOf(address: Address): number {
  return Number.parseInt(address.slice(6), 16)
}

/** An amount of a table. */
export function at(amounts: Amounts, from: number, to: number): bigint {
  return amounts[from]?.[to] as bigint
}

/** The table of what edges add up to, edges to oneself left out. */
export function amountsOf(edges: Iterable<GraphEdge>): Amounts {
  const amounts = Array.from({ length: PEERS }, () => new Array<bigint>(PEERS).fill(0n))
  for (const [from, to, amount] of edges) {
    if (numberOf(from) === numberOf(to)) continue
    const row = amounts[numberOf(from)] as bigint[]
    row[numberOf(to)] = at(amounts, numberOf(from), numberOf(to)) + BigInt(amount)
  }
  return amounts
}

/** What leaves a set of peers. */
export function capacity(amounts: Amounts, side: ReadonlySet<number>): bigint {
  let sum = 0n
  for (const from of side) {
    for (let to = 0; to < PEERS; to++) if (!side.has(to)) sum += at(amounts, from, to)
  }
  return sum
}

/** The max-flow by way of the min-cut theorem: the least that leaves any set with the source and without the target. */
export function leastCut(amounts: Amounts, source: number, target: number): bigint {
  let least: bigint | undefined
  for (let set = 0; set < 2 ** PEERS; set++) {
    const side = new Set(Array.from({ length: PEERS }, (_, number) => number).filter((number) => set & (1 << number)))
    if (!side.has(source) || side.has(target)) continue
    const sum = capacity(amounts, side)
    if (least === undefined || sum < least) least = sum
  }
  return least as bigint
}

/** EigenTrust's fixed point by elimination, (I − (1 − alpha) · Cᵀ) · t = alpha · p, for the peers that the weights name. */
export function solveTrust(weights: readonly (readonly number[])[], seeds: readonly number[], alpha: number): number[] {
  const count = seeds.length
  const total = seeds.reduce((sum, weight) => sum + weight, 0)
  const preTrust = seeds.map((weight) => weight / total)
  const shares = weights.map((row) => {
    const sum = row.reduce((all, weight) => all + weight, 0)
    return sum === 0 ? preTrust : row.map((weight) => weight / sum)
  })
  const system = preTrust.map((seeded, row) => [
    ...shares.map((share, column) => (row === column ? 1 : 0) - (1 - alpha) * (share[row] as number)),
    alpha * seeded,
  ])
  // Columns dominate on the diagonal, so elimination needs no pivoting.
  for (let pivot = 0; pivot < count; pivot++) {
    const line = system[pivot] as number[]
    for (const other of system) {
      if (other === line) continue
      const factor = (other[pivot] as number) / (line[pivot] as number)
      for (let column = pivot; column <= count; column++) {
        other[column] = (other[column] as number) - factor * (line[column] as number)
      }
    }
  }
  return system.map((line, row) => (line[count] as number) / (line[row] as number))
}
