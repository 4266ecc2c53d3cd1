import type { FlowWorkspace, SearchTree } from './FlowWorkspace.ts'
import type { Graph } from './Graph.ts'
import type { Rows } from './Rows.ts'

/** An edge that flow was sent over. The amount falls back to 0 where later paths undo it. */
export type UsedEdge = { readonly from: number; readonly to: number; readonly weight: bigint; amount: bigint }

/** How a search ended: the side that found no way on is the side of a cut, undefined where the budget ran out. */
export type SearchEnd = 'sources' | 'target' | undefined

/**
 * A search for the max-flow from some peers of a graph to another, all by index: shortest augmenting paths (Edmonds and Karp
 * 1972), each found from both ends at once (Pohl 1971), whole levels at a time, the side with fewer edges ahead first. In a
 * graph with hubs the two searches meet after a few thousand of millions of edges. What flows is kept by edge used, because
 * a flow touches few edges of a large graph.
 */
export class FlowSearch {
  /** What flows so far. */
  value = 0n
  readonly #graph: Graph
  readonly #workspace: FlowWorkspace
  readonly #sources: readonly number[]
  readonly #target: number
  /** More than this cannot flow; to reach it needs no further search. */
  readonly #bound: bigint
  readonly #used = new Map<number, UsedEdge>()
  readonly #usedInto = new Map<number, UsedEdge[]>()
  readonly #usedOutOf = new Map<number, UsedEdge[]>()
  #budget: number
  #stamp = 0

  /** @param budget How many edges may be looked at. */
  constructor(
    graph: Graph,
    workspace: FlowWorkspace,
    ends: { readonly sources: readonly number[]; readonly target: number; readonly bound: bigint },
    budget: number,
  ) {
    this.#graph = graph
    this.#workspace = workspace
    this.#sources = ends.sources
    this.#target = ends.target
    this.#bound = ends.bound
    this.#budget = budget
  }

  /** Sends all that finds a way, or all that the bound allows, which leaves no side without a way and returns undefined too. */
  run(): SearchEnd {
    while (this.value < this.#bound) {
      const meeting = this.#findPath()
      if (typeof meeting !== 'number') return meeting
      this.#sendAlongPath(meeting)
    }
    return undefined
  }

  /** The edges that carry flow. */
  flow(): UsedEdge[] {
    return [...this.#used.values()].filter(({ amount }) => amount > 0n)
  }

  /** The peer in which the two searches met, on a shortest path; or how they ended without. */
  #findPath(): number | SearchEnd {
    const { forward, backward } = this.#workspace
    this.#stamp = this.#workspace.nextStamp()
    this.#begin(forward, this.#sources)
    this.#begin(backward, [this.#target])
    for (;;) {
      const ahead = this.#edgesAhead(forward, this.#graph.rows)
      const behind = this.#edgesAhead(backward, this.#graph.byProvider)
      const met = ahead <= behind ? this.#advance(forward) : this.#advance(backward)
      if (met === 'none') continue
      return met
    }
  }

  #begin(tree: SearchTree, peers: readonly number[]): void {
    tree.queued = 0
    tree.level = 0
    for (const peer of peers) tree.reach(this.#stamp, peer, peer)
  }

  #edgesAhead({ queue, level, queued }: SearchTree, rows: Rows): number {
    let edges = 0
    for (let place = level; place < queued; place++) {
      const peer = queue[place] as number
      edges += (rows.ends[peer] as number) - (rows.starts[peer] as number)
    }
    return edges
  }

  /**
   * Goes on by one level, edges against the way of the search included where flow can be turned back. A whole level, so
   * that the first peer in which the searches meet lies on a shortest path.
   */
  #advance(tree: SearchTree): number | SearchEnd | 'none' {
    const { forward, backward } = this.#workspace
    const isForward = tree === forward
    const other = isForward ? backward : forward
    const { starts, ends, peers } = isForward ? this.#graph.rows : this.#graph.byProvider
    const undoable = isForward ? this.#usedInto : this.#usedOutOf
    const usedAhead = isForward ? this.#usedOutOf : this.#usedInto
    const { stamps, queue } = tree
    const stamp = this.#stamp
    const end = tree.queued
    let budget = this.#budget
    for (let place = tree.level; place < end; place++) {
      const peer = queue[place] as number
      for (const { from, to, amount } of undoable.get(peer) ?? []) {
        if (budget-- === 0) return undefined
        const next = isForward ? from : to
        if (amount === 0n || stamps[next] === stamp) continue
        tree.reach(stamp, next, peer)
        if (other.stamps[next] === stamp) {
          this.#budget = budget
          return next
        }
      }
      const isUsed = usedAhead.has(peer)
      const last = ends[peer] as number
      for (let slot = starts[peer] as number; slot < last; slot++) {
        if (budget-- === 0) return undefined
        const next = peers[slot] as number
        if (stamps[next] === stamp) continue
        if (isUsed && this.#isFull(isForward ? peer : next, isForward ? next : peer)) continue
        tree.reach(stamp, next, peer)
        if (other.stamps[next] === stamp) {
          this.#budget = budget
          return next
        }
      }
    }
    this.#budget = budget
    tree.level = end
    if (tree.queued > end) return 'none'
    return isForward ? 'sources' : 'target'
  }

  #isFull(from: number, to: number): boolean {
    const used = this.#used.get(this.#key(from, to))
    return used !== undefined && used.amount === used.weight
  }

  #key(from: number, to: number): number {
    return from * this.#workspace.peerCount + to
  }

  /** Sends as much as the path through this peer has room for. */
  #sendAlongPath(meeting: number): void {
    const { forward, backward } = this.#workspace
    const hops: { there: UsedEdge | undefined; back: UsedEdge | undefined; room: bigint; from: number; to: number }[] =
      []
    let amount = this.#bound - this.value
    const pass = (from: number, to: number): void => {
      const there = this.#used.get(this.#key(from, to))
      const back = this.#used.get(this.#key(to, from))
      const free = there === undefined ? this.#graph.weightAt(from, to) : there.weight - there.amount
      const room = free + (back?.amount ?? 0n)
      if (room < amount) amount = room
      hops.push({ there, back, room, from, to })
    }
    for (let peer = meeting; forward.parents[peer] !== peer; peer = forward.parents[peer] as number) {
      pass(forward.parents[peer] as number, peer)
    }
    for (let peer = meeting; backward.parents[peer] !== peer; peer = backward.parents[peer] as number) {
      pass(peer, backward.parents[peer] as number)
    }
    for (const { there, back, from, to } of hops) {
      // What flows the other way is turned back first, so that flow never runs both ways between two peers.
      const turned = back === undefined || back.amount < amount ? (back?.amount ?? 0n) : amount
      if (back !== undefined) back.amount -= turned
      if (turned < amount) (there ?? this.#use(from, to)).amount += amount - turned
    }
    this.value += amount
  }

  #use(from: number, to: number): UsedEdge {
    const used = { from, to, weight: this.#graph.weightAt(from, to), amount: 0n }
    this.#used.set(this.#key(from, to), used)
    append(this.#usedInto, to, used)
    append(this.#usedOutOf, from, used)
    return used
  }
}

function append(lists: Map<number, UsedEdge[]>, peer: number, used: UsedEdge): void {
  const list = lists.get(peer)
  if (list === undefined) lists.set(peer, [used])
  else list.push(used)
}
