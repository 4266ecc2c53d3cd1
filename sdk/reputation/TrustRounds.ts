import { gatherWasm } from './gatherWasm.ts'
import type { Rows } from './Rows.ts'

/** So many peers are gathered for at a time, so that an engine that replaces slow code by fast between calls gets to it. */
const BLOCK = 4_096

/** What rounds of EigenTrust read and write. Peers go by index, behind them the seeds that the graph does not know. */
export type RoundLists = {
  /** The edges by who gathers. */
  readonly rows: Pick<Rows, 'starts' | 'ends' | 'peers'> & { readonly amounts: Float64Array }
  /** What each peer passes on per unit of weight. */
  readonly each: Float64Array
  readonly preTrust: Float64Array
  trust: Float64Array
  /** Room for the trust after the next round. */
  next: Float64Array
}

/** Rounds that gather in JavaScript or in WebAssembly; both come to the same bits. */
export type TrustRounds = {
  readonly lists: RoundLists
  /**
   * Every peer gathers what its partners pass on, which costs less than that they spread it: reading here and there is
   * quicker than writing here and there. `lists.trust` is then what came of it.
   *
   * @param kept What part of what is gathered counts.
   * @param seeded How much trust goes to the seeds.
   * @returns How much trust moved.
   */
  gather(kept: number, seeded: number): number
}

/** Rounds in JavaScript. */
export function plainRounds(lists: RoundLists): TrustRounds {
  return makeRounds(lists, gatherPlainly)
}

/**
 * Rounds in WebAssembly, on copies of all lists in a memory of its own: to copy them costs as much as two or three rounds.
 *
 * @throws where WebAssembly is forbidden or has not that much memory.
 */
export function wasmRounds(lists: RoundLists): TrustRounds {
  const { rows, each, preTrust, trust, next } = lists
  const copied = [each, preTrust, trust, next, rows.amounts, rows.starts, rows.ends, rows.peers]
  const size = copied.reduce((sum, { byteLength }) => sum + byteLength, 0)
  const memory = new WebAssembly.Memory({ initial: Math.ceil(size / 65_536) })
  const bytes = Uint8Array.from(atob(gatherWasm), (character) => character.charCodeAt(0))
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } })
  const gather = exports['gather'] as (...numbers: number[]) => number

  let used = 0
  const copy = <List extends Float64Array | Uint32Array>(list: List): List => {
    const there = new (list.constructor as new (buffer: ArrayBuffer, offset: number, length: number) => List)(
      memory.buffer,
      used,
      list.length,
    )
    there.set(list)
    used += list.byteLength
    return there
  }
  // The longer numbers first, so that all lie at multiples of their size.
  const there = { each: copy(each), preTrust: copy(preTrust), trust: copy(trust), next: copy(next) }
  const amounts = copy(rows.amounts)
  const [starts, ends, peers] = [copy(rows.starts), copy(rows.ends), copy(rows.peers)]
  const fixed = [starts, ends, peers, amounts, there.each, there.preTrust].map(({ byteOffset }) => byteOffset)
  return makeRounds(
    { ...there, rows: { starts, ends, peers, amounts } },
    ({ trust, next }, first, last, kept, seeded) =>
      gather(first, last, ...fixed, trust.byteOffset, next.byteOffset, kept, seeded),
  )
}

/** Gathers for the peers from `first` up to, not including, `last`, and returns how much trust moved. */
type Gather = (lists: RoundLists, first: number, last: number, kept: number, seeded: number) => number

function makeRounds(lists: RoundLists, gather: Gather): TrustRounds {
  return {
    lists,
    gather: (kept, seeded) => {
      const { trust, next, preTrust, each } = lists
      let change = 0
      for (let first = 0; first < each.length; first += BLOCK) {
        change += gather(lists, first, Math.min(first + BLOCK, each.length), kept, seeded)
      }
      // Seeds that the graph does not know gather nothing.
      for (let index = each.length; index < next.length; index++) {
        const value = seeded * (preTrust[index] as number)
        change += Math.abs(value - (trust[index] as number))
        next[index] = value
      }
      lists.trust = next
      lists.next = trust
      return change
    },
  }
}

function gatherPlainly(lists: RoundLists, first: number, last: number, kept: number, seeded: number): number {
  const { each, preTrust, trust, next } = lists
  const { starts, ends, peers, amounts } = lists.rows
  let change = 0
  for (let peer = first; peer < last; peer++) {
    const end = ends[peer] as number
    let gathered = 0
    for (let slot = starts[peer] as number; slot < end; slot++) {
      gathered += (each[peers[slot] as number] as number) * (amounts[slot] as number)
    }
    const value = kept * gathered + seeded * (preTrust[peer] as number)
    change += Math.abs(value - (trust[peer] as number))
    next[peer] = value
  }
  return change
}
