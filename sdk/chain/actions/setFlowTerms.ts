import type { Address } from 'viem'
import { flowPolicyAbi as abi } from '../../abi/flowPolicy.ts'
import { addresses } from '../addresses.ts'
import { encodeCall } from '../encodeCall.ts'
import { type ScripClient, type Transaction, transact } from '../transact.ts'

/** The flow policy's terms in a network. */
export type FlowTerms = {
  /** The peers that others are measured from, in any order. */
  seeds: readonly Address[]
  /** The flow from the seeds that admits a peer, in the network's unit of value. */
  admitFlow: bigint
  /** Below this it can be expelled; at most `admitFlow`. */
  keepFlow: bigint
  /** Seconds that an admission lasts. */
  admissionPeriod: number
}

/**
 * Sets the flow policy's terms in a network. Steward only. `FlowPolicy.setTerms`.
 * @throws `TRANSACTION_REVERTED` with `OnlySteward` or `InvalidTerms`, and what `transact` throws
 */
export async function setFlowTerms(
  client: ScripClient,
  { networkId, seeds, ...rest }: FlowTerms & { networkId: bigint },
): Promise<Transaction> {
  const ascending = [...new Set(seeds.map((seed) => seed.toLowerCase() as Address))].sort()
  const data = encodeCall({ abi, functionName: 'setTerms', args: [networkId, { seeds: ascending, ...rest }] })
  const { hash, receipt } = await transact(client, { to: addresses.flowPolicy, abi, data })
  return { hash, receipt }
}
