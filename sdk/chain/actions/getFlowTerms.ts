import { readContract } from 'viem/actions'
import { flowPolicyAbi as abi } from '../../abi/flowPolicy.ts'
import { addresses } from '../addresses.ts'
import { guarded, type ScripClient } from '../transact.ts'
import type { FlowTerms } from './setFlowTerms.ts'

/**
 * The flow policy's terms in a network, its seeds ascending; without seeds where none are set, and then it admits nobody.
 * `FlowPolicy.termsOf`.
 * @throws `NOT_DEPLOYED`, `RPC_UNREACHABLE`
 */
export async function getFlowTerms(client: ScripClient, { networkId }: { networkId: bigint }): Promise<FlowTerms> {
  return guarded(abi, () =>
    readContract(client, { address: addresses.flowPolicy, abi, functionName: 'termsOf', args: [networkId] }),
  )
}
