import type { FlowEdge } from '@scrip/sdk/reputation'
import { PEERS, peer } from '../../../sdk/reputation/support/oracle.ts'
import type { Random } from '../../channels/model/random.ts'
import type { Proof } from './model.ts'

type Address = `0x${string}`
type List<Item> = { items: Item[]; another: () => Item }

/** The fields of a proof, each with a way to change it. Some changes leave it sound; which, the model knows. */
export const fields = {
  networkId: (random, proof) => {
    proof.networkId = BigInt(random.between(0, 9))
  },
  epoch: (random, proof) => {
    proof.epoch = random.pick([proof.epoch - 1, proof.epoch + 1, 0, 2 ** 32 - 1, random.between(0, 20)])
  },
  sources: (random, proof) => changeList(random, { items: proof.sources, another: () => somebody(random) }),
  target: (random, proof) => {
    proof.target = somebody(random)
  },
  edges: (random, proof) => changeList(random, { items: proof.edges, another: () => someEdge(random) }),
  from: (random, proof) => changeEdge(random, proof, () => ({ from: somebody(random) })),
  to: (random, proof) => changeEdge(random, proof, () => ({ to: somebody(random) })),
  amount: (random, proof) => changeEdge(random, proof, ({ amount }) => ({ amount: otherAmount(random, amount) })),
  side: (random, proof) => {
    if (proof.kind === 'certificate') changeList(random, { items: proof.side, another: () => somebody(random) })
  },
  sourceSide: (_, proof) => {
    if (proof.kind === 'certificate') proof.sourceSide = !proof.sourceSide
  },
} as const satisfies Record<string, (random: Random, proof: Proof) => void>

export type Field = keyof typeof fields

/** A peer of the communities, or one of nobody's. */
function somebody(random: Random): Address {
  return peer(random.between(0, PEERS + 1))
}

function someEdge(random: Random): FlowEdge {
  return { from: somebody(random), to: somebody(random), amount: BigInt(random.between(0, 25)) }
}

/** Drops, repeats, swaps, replaces or adds an item; one that is added often lands where it belongs. */
function changeList<Item>(random: Random, { items, another }: List<Item>): void {
  const place = random.between(0, Math.max(0, items.length - 1))
  const other = random.between(0, Math.max(0, items.length - 1))
  const [item, second] = [items[place], items[other]]
  const change = random.pick(['drop', 'repeat', 'swap', 'replace', 'add', 'insert'] as const)
  if (change === 'add') items.push(another())
  else if (change === 'insert') items.splice(random.between(0, items.length), 0, another())
  else if (item === undefined || second === undefined) return
  else if (change === 'drop') items.splice(place, 1)
  else if (change === 'repeat') items.splice(place, 0, item)
  else if (change === 'replace') items[place] = another()
  else [items[place], items[other]] = [second, item]
}

function changeEdge(random: Random, { edges }: Proof, change: (edge: FlowEdge) => Partial<FlowEdge>): void {
  const place = random.between(0, edges.length - 1)
  const edge = edges[place]
  if (edge !== undefined) edges[place] = { ...edge, ...change(edge) }
}

function otherAmount(random: Random, amount: bigint): bigint {
  const near = BigInt(random.between(1, 5))
  const others = [amount + 1n, amount - 1n, amount + near, amount - near, 0n, 2n * amount, 2n ** 96n - 1n]
  const other = random.pick(others)
  return other < 0n ? 0n : other
}
