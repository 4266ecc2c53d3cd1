import type { Address } from 'viem'
import { readContract } from 'viem/actions'
import { interactionHistoryAbi as abi } from '../../abi/interactionHistory.ts'
import { addresses } from '../addresses.ts'
import { guarded, type ScripClient } from '../transact.ts'

/** What a provider served to a consumer, in the network's unit of value. */
export type Edge = {
  readonly served: bigint
  /** As of the last closed epoch. */
  readonly servedLastEpoch: bigint
  /** What the consumer took back. */
  readonly faulted: bigint
}

/**
 * The edge from a consumer to a provider. `InteractionHistory.edge`.
 * @throws `TRANSACTION_REVERTED` with `UnknownNetwork`, `RPC_UNREACHABLE`
 */
export async function getEdge(
  client: ScripClient,
  { networkId, consumer, provider }: { networkId: bigint; consumer: Address; provider: Address },
): Promise<Edge> {
  const address = addresses.interactionHistory
  const [served, servedLastEpoch, faulted] = await guarded(abi, () =>
    readContract(client, { address, abi, functionName: 'edge', args: [networkId, consumer, provider] }),
  )
  return { served, servedLastEpoch, faulted }
}
