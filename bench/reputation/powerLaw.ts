import type { GraphEdge } from '@scrip/sdk/reputation'
import { mulberry32 } from '../random.ts'

type Address = `0x${string}`

/** Peers in an order that says nothing of how many edges they have. */
export function makePeers(count: number): Address[] {
  return Array.from({ length: count }, (_, index): Address => {
    const scrambled = Math.imul(index + 1, 0x9e3779b1) >>> 0
    return `0x${scrambled.toString(16).padStart(8, '0')}${index.toString(16).padStart(32, '0')}`
  })
}

/**
 * Edges whose ends are drawn so that degrees follow a power law of exponent 2.2, as in real webs of trust (Chung and Lu 2002);
 * the same for the same numbers. A few repeat, and add up.
 */
export function* powerLawEdges(peers: readonly Address[], count: number): Generator<GraphEdge> {
  const random = mulberry32(7)
  // The inverse of the distribution by which peer i is drawn in proportion to (i + 10)^(-1 / 1.2).
  const low = 10 ** (1 / 6)
  const high = (peers.length + 10) ** (1 / 6)
  const draw = (): Address => peers[Math.floor((low + random() * (high - low)) ** 6 - 10)] as Address
  for (let edge = 0; edge < count; edge++) yield [draw(), draw(), 1 + Math.floor(random() * 1000)]
}
