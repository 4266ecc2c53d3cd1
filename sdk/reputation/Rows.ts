import type { Weights } from './Weights.ts'

/**
 * One list of peers for each peer, all in one typed array with room to grow: compressed sparse rows that can be changed.
 * Peers go by index. Row `i` takes the slots from `starts[i]` up to, not including, `ends[i]`, its peers rising.
 */
export class Rows {
  starts: Uint32Array
  ends: Uint32Array
  /** The peer in each slot. */
  peers: Uint32Array
  /** The weight in each slot. */
  readonly weights: Weights
  /** Where the room of each row ends. */
  #limits: Uint32Array
  /** Where the room of all rows ends. */
  #top: number

  /** Rows side by side without room between: row `i` from `starts[i]` to `starts[i + 1]`. */
  constructor(starts: Uint32Array, peers: Uint32Array, weights: Weights) {
    this.starts = starts.slice(0, -1)
    this.ends = starts.slice(1)
    this.#limits = starts.slice(1)
    this.peers = peers
    this.weights = weights
    this.#top = peers.length
  }

  /** The slot of `peer` in the row, or, where it is not there, −1 − the slot where it belongs. */
  find(row: number, peer: number): number {
    let low = this.starts[row] as number
    let high = this.ends[row] as number
    while (low < high) {
      const middle = (low + high) >>> 1
      const found = this.peers[middle] as number
      if (found === peer) return middle
      if (found < peer) low = middle + 1
      else high = middle
    }
    return -1 - low
  }

  /** Puts a peer into a row that has it not, and returns its slot, whose weight is still to be set. */
  insert(row: number, peer: number): number {
    if (this.ends[row] === this.#limits[row]) this.#move(row)
    const slot = -1 - this.find(row, peer)
    const end = this.ends[row] as number
    this.#copy(slot + 1, slot, end)
    this.peers[slot] = peer
    this.ends[row] = end + 1
    return slot
  }

  /** Takes a slot out of its row. */
  remove(row: number, slot: number): void {
    const end = this.ends[row] as number
    this.#copy(slot, slot + 1, end)
    this.ends[row] = end - 1
  }

  /** Makes it so many rows; the new ones are empty. */
  resize(rowCount: number): void {
    const grow = (list: Uint32Array): Uint32Array => {
      const grown = new Uint32Array(rowCount)
      grown.set(list)
      return grown
    }
    this.starts = grow(this.starts)
    this.ends = grow(this.ends)
    this.#limits = grow(this.#limits)
  }

  /** Moves a row that is full to the end of all, where it has room to double. What it leaves behind is not used again. */
  #move(row: number): void {
    const start = this.starts[row] as number
    const end = this.ends[row] as number
    const room = Math.max(4, 2 * (end - start))
    if (this.#top + room > this.peers.length) this.#grow(Math.ceil(1.25 * (this.#top + room)))
    this.#copy(this.#top, start, end)
    this.starts[row] = this.#top
    this.ends[row] = this.#top + (end - start)
    this.#top += room
    this.#limits[row] = this.#top
  }

  #grow(length: number): void {
    const peers = new Uint32Array(length)
    peers.set(this.peers)
    this.peers = peers
    this.weights.resize(length)
  }

  #copy(target: number, start: number, end: number): void {
    this.peers.copyWithin(target, start, end)
    this.weights.copyWithin(target, start, end)
  }
}
