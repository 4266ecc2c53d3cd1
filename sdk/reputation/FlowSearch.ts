import type { Rows } from './Rows.ts'

/** An edge that flow was sent over. The amount falls back to 0 where later paths undo it. */
export type UsedEdge = { readonly edge: number; readonly from: number; readonly to: number; amount: bigint }

/**
 * A search for the max-flow between two peers of a graph, all by index: shortest augmenting paths (Edmonds and Karp 1972).
 * What flows is kept by edge used, because a flow touches few edges of a large graph.
 */
export class FlowSearch {
  /** What flows so far. */
  value = 0n
  readonly #rows: Rows
  readonly #source: number
  readonly #target: number
  readonly #used = new Map<number, UsedEdge>()
  readonly #usedInto = new Map<number, UsedEdge[]>()
  // The last round's search tree. Stamps by round save clearing it for each path.
  readonly #round: Uint32Array
  readonly #parent: Uint32Array
  readonly #edge: Uint32Array
  readonly #queue: Uint32Array
  #rounds = 0
  #queued = 0
  #budget: number

  /** @param budget How many edges may be looked at. */
  constructor(rows: Rows, source: number, target: number, budget: number) {
    const peerCount = rows.outTotals.length
    this.#rows = rows
    this.#source = source
    this.#target = target
    this.#round = new Uint32Array(peerCount)
    this.#parent = new Uint32Array(peerCount)
    this.#edge = new Uint32Array(peerCount)
    this.#queue = new Uint32Array(peerCount)
    this.#budget = budget
  }

  /** Sends all that finds a way. False where the budget ran out before. */
  run(): boolean {
    let found = this.#findPath()
    while (found) {
      this.#sendAlongPath()
      found = this.#findPath()
    }
    return found === false
  }

  /** The edges that carry flow, by rising index. */
  flow(): UsedEdge[] {
    return [...this.#used.values()].filter(({ amount }) => amount > 0n).sort((a, b) => a.edge - b.edge)
  }

  /** The peers that the last search reached, by rising index. After a full run they are the source's side of a minimum cut. */
  reached(): Uint32Array {
    return this.#queue.slice(0, this.#queued).sort()
  }

  /** Breadth first, so that the path is a shortest one. Undefined where the budget ran out. */
  #findPath(): boolean | undefined {
    const { starts, providers, weights } = this.#rows
    this.#rounds++
    this.#queue[0] = this.#source
    this.#queued = 1
    this.#round[this.#source] = this.#rounds
    for (let head = 0; head < this.#queued; head++) {
      const peer = this.#queue[head] as number
      // What flows in can be turned back. It comes first, so that flow never runs both ways between two peers.
      for (const { edge, from, amount } of this.#usedInto.get(peer) ?? []) {
        if (this.#budget-- === 0) return undefined
        if (amount > 0n) this.#reach(from, peer, edge)
      }
      const end = starts[peer + 1] as number
      for (let edge = starts[peer] as number; edge < end; edge++) {
        if (this.#budget-- === 0) return undefined
        const provider = providers[edge] as number
        if (this.#round[provider] === this.#rounds) continue
        const amount = this.#used.get(edge)?.amount
        if (amount !== undefined && amount === weights.at(edge)) continue
        this.#reach(provider, peer, edge)
        if (provider === this.#target) return true
      }
    }
    return false
  }

  #reach(peer: number, parent: number, edge: number): void {
    if (this.#round[peer] === this.#rounds) return
    this.#round[peer] = this.#rounds
    this.#parent[peer] = parent
    this.#edge[peer] = edge
    this.#queue[this.#queued++] = peer
  }

  /** Sends as much as the path found has room for. */
  #sendAlongPath(): void {
    const { providers, weights } = this.#rows
    const path: { used: UsedEdge; forward: boolean }[] = []
    let room: bigint | undefined
    for (let peer = this.#target; peer !== this.#source; peer = this.#parent[peer] as number) {
      const edge = this.#edge[peer] as number
      const forward = providers[edge] === peer
      const used = this.#used.get(edge) ?? this.#use(edge, this.#parent[peer] as number, peer)
      const here = forward ? weights.at(edge) - used.amount : used.amount
      if (room === undefined || here < room) room = here
      path.push({ used, forward })
    }
    const amount = room as bigint
    for (const { used, forward } of path) used.amount += forward ? amount : -amount
    this.value += amount
  }

  #use(edge: number, from: number, to: number): UsedEdge {
    const used = { edge, from, to, amount: 0n }
    this.#used.set(edge, used)
    const into = this.#usedInto.get(to)
    if (into === undefined) this.#usedInto.set(to, [used])
    else into.push(used)
    return used
  }
}
