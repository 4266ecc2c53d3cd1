import type { Address } from 'viem'
import { readContract } from 'viem/actions'
import { interactionHistoryAbi as abi } from '../../abi/interactionHistory.ts'
import { addresses } from '../addresses.ts'
import { guarded, type ScripClient } from '../transact.ts'

/**
 * What many edges of a network had served when the last epoch closed: the values that proofs of flow are checked against.
 * `InteractionHistory.capacities`.
 * @returns The values in the order given.
 * @throws `TRANSACTION_REVERTED` with `UnknownNetwork`, `RPC_UNREACHABLE`
 */
export async function getCapacities(
  client: ScripClient,
  { networkId, edges }: { networkId: bigint; edges: readonly { consumer: Address; provider: Address }[] },
): Promise<readonly bigint[]> {
  const address = addresses.interactionHistory
  const [from, to] = [edges.map(({ consumer }) => consumer), edges.map(({ provider }) => provider)]
  return guarded(abi, () =>
    readContract(client, { address, abi, functionName: 'capacities', args: [networkId, from, to] }),
  )
}
