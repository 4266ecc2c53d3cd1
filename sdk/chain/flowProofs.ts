import { type Address, encodeAbiParameters, type Hex } from 'viem'

/** What flows over an edge from a consumer to a provider, in the network's unit of value. */
export type FlowAmount = { readonly from: Address; readonly to: Address; readonly amount: bigint }

/** One side of a cut, with the edges inside it. */
export type FlowCutSide = {
  readonly side: readonly Address[]
  /** Whether that is the sources' side; else it is the target's. */
  readonly sourceSide: boolean
  readonly internalEdges: readonly FlowAmount[]
}

const edges = {
  type: 'tuple[]',
  components: [
    { name: 'from', type: 'address' },
    { name: 'to', type: 'address' },
    { name: 'amount', type: 'uint96' },
  ],
} as const

/**
 * The proof that `FlowPolicy.canAdmit` takes: that at least so much flows from the seeds to the peer.
 * @param epoch The network's current epoch; with the next one the proof is stale.
 */
export function encodeFlowWitness({ epoch, flow }: { epoch: number; flow: readonly FlowAmount[] }): Hex {
  return encodeAbiParameters([{ type: 'uint32' }, edges], [epoch, flow])
}

/**
 * The proof that `FlowPolicy.canExpel` takes: that no more flows from the seeds to the peer.
 * @param epoch The network's current epoch; with the next one the proof is stale.
 */
export function encodeFlowCut({ epoch, cut }: { epoch: number; cut: FlowCutSide }): Hex {
  return encodeAbiParameters(
    [{ type: 'uint32' }, { type: 'address[]' }, { type: 'bool' }, edges],
    [epoch, cut.side, cut.sourceSide, cut.internalEdges],
  )
}
