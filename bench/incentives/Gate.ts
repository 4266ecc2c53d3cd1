import { type AdmissionTerms, deservesAdmission, type Graph, TrustScores } from '@scrip/sdk/reputation'

type Address = `0x${string}`

/** Admission by service and usage reputation (after Kung and Wu 2003), looked at anew after each round. */
export class Gate {
  readonly #service: TrustScores
  readonly #usage: TrustScores
  readonly #terms: AdmissionTerms
  readonly #admitted = new Set<Address>()

  /** @param seedPeers The peers that the network trusts beforehand; all alike where there is none. */
  constructor(graph: Graph, seedPeers: readonly Address[], players: number) {
    const seeds = seedPeers.length === 0 ? undefined : seedPeers
    this.#service = new TrustScores(graph, { seeds })
    this.#usage = new TrustScores(graph, { seeds }, 'usage')
    // All reputation is 1, so a peer has 1 / players on average. A tenth of that is a newcomer's.
    this.#terms = { admitAt: 0.8, keepAt: 0.6, allowance: 0.1 / players, floor: 0.1 / players }
  }

  /** Whether the network serves a peer, by the state after the last round. */
  admits(peer: Address): boolean {
    const standing = { service: this.#service.score(peer), usage: this.#usage.score(peer) }
    const isAdmitted = deservesAdmission(standing, this.#terms, this.#admitted.has(peer))
    if (isAdmitted) this.#admitted.add(peer)
    else this.#admitted.delete(peer)
    return isAdmitted
  }

  refresh(): void {
    this.#service.refresh()
    this.#usage.refresh()
  }
}
