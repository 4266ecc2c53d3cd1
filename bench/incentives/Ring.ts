import type { Graph } from '@scrip/sdk/reputation'

type Address = `0x${string}`

/** What each colluder claims that each other one served it: more than anybody serves in a run. */
const CLAIM = 10_000
/** What the ring's sock puppet claims that each colluder served it: more than all claims that it served others. */
const PUPPET_CLAIM = 1_000_000_000

/**
 * Colluders, each of whom claims to have been served by each other one, and a sock puppet that claims to have been served by each
 * and never served anybody. Sums over all claims so make colluders as generous as they like. Flows from others do not pass the
 * puppet, because nobody was served by it.
 */
export class Ring {
  readonly #graph: Graph
  readonly #puppet: Address
  readonly #members = new Set<Address>()

  constructor(graph: Graph, puppet: Address) {
    this.#graph = graph
    this.#puppet = puppet
  }

  join(address: Address): void {
    if (this.#members.has(address)) return
    for (const other of this.#members) {
      this.#graph.add(address, other, CLAIM)
      this.#graph.add(other, address, CLAIM)
    }
    this.#graph.add(this.#puppet, address, PUPPET_CLAIM)
    this.#members.add(address)
  }

  /** Takes back what the ring and this colluder claimed of each other; what was really served stays. */
  leave(address: Address): void {
    if (!this.#members.delete(address)) return
    for (const other of this.#members) {
      this.#takeBack(address, other, CLAIM)
      this.#takeBack(other, address, CLAIM)
    }
    this.#takeBack(this.#puppet, address, PUPPET_CLAIM)
  }

  #takeBack(from: Address, to: Address, claim: number): void {
    this.#graph.set(from, to, this.#graph.weight(from, to) - BigInt(claim))
  }
}
