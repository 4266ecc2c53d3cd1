import type { Address } from 'viem'
import { readContract } from 'viem/actions'
import { interactionHistoryAbi as abi } from '../../abi/interactionHistory.ts'
import { addresses } from '../addresses.ts'
import { guarded, type ScripClient } from '../transact.ts'

/** A network, as its contract has it. */
export type Network = {
  readonly networkId: bigint
  readonly steward: Address
  /** Seconds. */
  readonly epochLength: number
  /** The current one, counted from 1. */
  readonly epoch: number
}

/**
 * A network's steward and epoch. `InteractionHistory.network`.
 * @throws `TRANSACTION_REVERTED` with `UnknownNetwork`, `RPC_UNREACHABLE`
 */
export async function getNetwork(client: ScripClient, { networkId }: { networkId: bigint }): Promise<Network> {
  const address = addresses.interactionHistory
  const [steward, epochLength, epoch] = await guarded(abi, () =>
    readContract(client, { address, abi, functionName: 'network', args: [networkId] }),
  )
  return { networkId, steward, epochLength, epoch }
}
