import type { FlowEdge } from '@scrip/sdk/reputation'
import { type Amounts, capacity, numberOf, PEERS } from '../../../sdk/reputation/support/oracle.ts'

type Address = `0x${string}`

/** A network as it stood when its last epoch closed. */
export type Community = { readonly amounts: Amounts; readonly epoch: number }

/** What both kinds of proof are about. */
export type Question = {
  networkId: bigint
  epoch: number
  sources: Address[]
  target: Address
}

/** A claim that at least so much flows. */
export type Witness = Question & { kind: 'witness'; edges: FlowEdge[] }

/** A claim that no more flows. */
export type Certificate = Question & { kind: 'certificate'; edges: FlowEdge[]; side: Address[]; sourceSide: boolean }

export type Proof = Witness | Certificate

/** What a proof shows by the definitions of flow and cut, taken from a table of amounts; undefined where it shows nothing. */
export function judge(communities: ReadonlyMap<bigint, Community>, proof: Proof): bigint | undefined {
  const community = communities.get(proof.networkId)
  if (community === undefined || proof.epoch !== community.epoch) return undefined
  const { sources, target } = proof
  if (sources.length === 0 || !ascends(sources) || sources.includes(target)) return undefined
  if (!proof.edges.every((edge) => fits(community, edge))) return undefined
  if (!ascends(proof.edges.map(({ from, to }) => from + to))) return undefined
  return proof.kind === 'witness' ? flowInto(proof) : crosses(community, proof)
}

function fits({ amounts }: Community, { from, to, amount }: FlowEdge): boolean {
  return from !== to && amount > 0n && amount <= (amounts[numberOf(from)]?.[numberOf(to)] ?? 0n)
}

function flowInto({ sources, target, edges }: Witness): bigint | undefined {
  const gain = new Map<Address, bigint>()
  for (const { from, to, amount } of edges) {
    gain.set(from, (gain.get(from) ?? 0n) - amount)
    gain.set(to, (gain.get(to) ?? 0n) + amount)
  }
  for (const [peer, amount] of gain) {
    if (amount !== 0n && peer !== target && !sources.includes(peer)) return undefined
  }
  const value = gain.get(target) ?? 0n
  return value > 0n ? value : 0n
}

function crosses(
  { amounts }: Community,
  { sources, target, edges, side, sourceSide }: Certificate,
): bigint | undefined {
  if (!ascends(side)) return undefined
  const ends = sourceSide ? sources : [target]
  const others = sourceSide ? [target] : sources
  if (!ends.every((peer) => side.includes(peer)) || others.some((peer) => side.includes(peer))) return undefined
  if (!edges.every(({ from, to }) => side.includes(from) && side.includes(to))) return undefined
  let sum = 0n
  for (const [from, row] of amounts.entries()) {
    for (const [to, amount] of row.entries()) {
      if (side.some((peer) => numberOf(peer) === (sourceSide ? from : to))) sum += amount
    }
  }
  return edges.reduce((rest, { amount }) => rest - amount, sum)
}

function ascends(list: readonly string[]): boolean {
  return list.every((item, index) => index === 0 || (list[index - 1] as string) < item)
}

/** The max-flow from the sources to the target: the least that leaves any set with all sources and without the target. */
export function maxFlowOf({ amounts }: Community, sources: readonly Address[], target: Address): bigint {
  const within = (peer: Address) => numberOf(peer) < PEERS
  const mask = sources.filter(within).reduce((bits, peer) => bits | (1 << numberOf(peer)), 0)
  let least: bigint | undefined
  for (let set = 0; set < 2 ** PEERS; set++) {
    if ((set & mask) !== mask || (within(target) && set & (1 << numberOf(target)))) continue
    const sum = capacity(
      amounts,
      new Set(Array.from({ length: PEERS }, (_, number) => number).filter((number) => set & (1 << number))),
    )
    if (least === undefined || sum < least) least = sum
  }
  return least as bigint
}
