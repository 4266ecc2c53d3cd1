/** One direction of a search, out of the sources or into the target. */
export class SearchTree {
  /** The search in which each peer was last reached. A stamp saves clearing the array for each path. */
  readonly stamps: Uint32Array
  /** The peer from which each was reached; itself where the search began. */
  readonly parents: Uint32Array
  /** The peers reached, level by level. */
  readonly queue: Uint32Array
  queued = 0
  /** Where in the queue the last level begins. */
  level = 0

  constructor(peerCount: number) {
    this.stamps = new Uint32Array(peerCount)
    this.parents = new Uint32Array(peerCount)
    this.queue = new Uint32Array(peerCount)
  }

  reach(stamp: number, peer: number, parent: number): void {
    this.stamps[peer] = stamp
    this.parents[peer] = parent
    this.queue[this.queued++] = peer
  }

  /** The peers reached, by rising index. */
  reached(): Uint32Array {
    return this.queue.slice(0, this.queued).sort()
  }
}

/** The arrays of a search for flows. They are as long as the graph has peers, so that searches use them one after another. */
export class FlowWorkspace {
  readonly peerCount: number
  readonly forward: SearchTree
  readonly backward: SearchTree
  #stamp = 0

  constructor(peerCount: number) {
    this.peerCount = peerCount
    this.forward = new SearchTree(peerCount)
    this.backward = new SearchTree(peerCount)
  }

  /** A stamp that no peer bears. */
  nextStamp(): number {
    if (this.#stamp === 0xffffffff) {
      this.forward.stamps.fill(0)
      this.backward.stamps.fill(0)
      this.#stamp = 0
    }
    return ++this.#stamp
  }
}
