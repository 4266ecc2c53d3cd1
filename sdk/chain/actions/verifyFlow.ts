import type { Address } from 'viem'
import { readContract } from 'viem/actions'
import { flowVerifierAbi as abi } from '../../abi/flowVerifier.ts'
import { addresses } from '../addresses.ts'
import type { FlowAmount, FlowCutSide } from '../flowProofs.ts'
import { guarded, type ScripClient } from '../transact.ts'

/** A proof as `proveFlow` makes it, and what it is about. */
export type VerifyFlowParameters = {
  networkId: bigint
  /** The network's current epoch. */
  epoch: number
  sources: readonly Address[]
  target: Address
  flow: readonly FlowAmount[]
  cut: FlowCutSide
}

/**
 * Has the chain check a max-flow: that it is at least `least`, as the flow shows, and at most `most`, as the cut shows.
 * `FlowVerifier.bounds`.
 * @throws `TRANSACTION_REVERTED` with what is wrong with the proof, `StaleEpoch` say; `NOT_DEPLOYED`, `RPC_UNREACHABLE`
 */
export async function verifyFlow(
  client: ScripClient,
  { networkId, epoch, sources, target, flow, cut }: VerifyFlowParameters,
): Promise<{ least: bigint; most: bigint }> {
  const { side, sourceSide, internalEdges } = cut
  const [least, most] = await guarded(abi, () =>
    readContract(client, {
      address: addresses.flowVerifier,
      abi,
      functionName: 'bounds',
      args: [networkId, epoch, sources, target, flow, side, sourceSide, internalEdges],
    }),
  )
  return { least, most }
}
