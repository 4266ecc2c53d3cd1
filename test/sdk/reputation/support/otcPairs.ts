import { type FlowProof, type Graph, proveFlow } from '@scrip/sdk/reputation'

/** Fixed pairs of a graph's peers between which something flows, by a generator of Park and Miller (1988), with their proofs. */
export function provenPairs(graph: Graph, count: number): FlowProof[] {
  const { peers } = graph
  let state = 20_040
  const someone = () => {
    state = (state * 48_271) % 2_147_483_647
    return peers[state % peers.length] as `0x${string}`
  }
  const proofs: FlowProof[] = []
  while (proofs.length < count) {
    const [source, target] = [someone(), someone()]
    if (source === target) continue
    const proof = proveFlow(graph, source, target)
    if (proof.least > 0n) proofs.push(proof)
  }
  return proofs
}
