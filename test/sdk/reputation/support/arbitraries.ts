import type { GraphEdge } from '@scrip/sdk/reputation'
import fc from 'fast-check'
import { PEERS, peer } from './oracle.ts'

const number = fc.nat({ max: PEERS - 1 })

const amount = fc.oneof(
  { weight: 4, arbitrary: fc.bigInt({ min: 0n, max: 20n }) },
  // Beyond 2^53 a floating point number would round, beyond 2^64 a machine word would overflow.
  { weight: 1, arbitrary: fc.bigInt({ min: 2n ** 53n, max: 2n ** 96n - 1n }) },
)

/** Edges among a few peers, with repeats, weights of 0 and edges to oneself. */
export const someEdges: fc.Arbitrary<GraphEdge[]> = fc.array(
  fc.tuple(number, number, amount).map(([from, to, weight]): GraphEdge => [peer(from), peer(to), weight]),
  { maxLength: 40 },
)

/** Two different peers of those that `someEdges` are among, by number. */
export const somePair: fc.Arbitrary<[source: number, target: number]> = fc
  .tuple(number, fc.nat({ max: PEERS - 2 }))
  .map(([source, other]) => [source, other < source ? other : other + 1])

/**
 * Edges from peer 0 over two layers to peer 7. Paths get into each other's way as when pairs are matched, so that a search
 * has to turn back what it sent.
 */
export const someTangle: fc.Arbitrary<GraphEdge[]> = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 4, max: 6 }), fc.bigInt({ min: 1n, max: 2n })), {
    maxLength: 9,
  })
  .map((middle) => [
    ...[1, 2, 3].map((first): GraphEdge => [peer(0), peer(first), 1n]),
    ...middle.map(([first, second, weight]): GraphEdge => [peer(first), peer(second), weight]),
    ...[4, 5, 6].map((second): GraphEdge => [peer(second), peer(7), 1n]),
  ])

/** Edges, and the same in another order and spelling. */
export const sameEdges: fc.Arbitrary<[GraphEdge[], GraphEdge[]]> = someEdges.chain((edges) =>
  fc.tuple(
    fc.constant(edges),
    fc
      .shuffledSubarray(edges, { minLength: edges.length })
      .map((list) => list.map(([from, to, weight]): GraphEdge => [upper(from), to, weight])),
  ),
)

/** The same address in capital letters. */
export function upper(address: `0x${string}`): `0x${string}` {
  return `0x${address.slice(2).toUpperCase()}`
}
