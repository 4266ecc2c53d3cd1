import type { Address } from 'viem'
import { admissionControllerAbi as abi } from '../../abi/admissionController.ts'
import { addresses } from '../addresses.ts'
import { encodeCall } from '../encodeCall.ts'
import { type ScripClient, type Transaction, transact } from '../transact.ts'

/**
 * Sets a network's admission policy, the ratio policy where nothing is said. Steward only.
 * `AdmissionController.setPolicy`.
 * @throws `TRANSACTION_REVERTED` with `OnlySteward`, and what `transact` throws
 */
export async function setPolicy(
  client: ScripClient,
  { networkId, policy = addresses.ratioPolicy }: { networkId: bigint; policy?: Address },
): Promise<Transaction> {
  const data = encodeCall({ abi, functionName: 'setPolicy', args: [networkId, policy] })
  const { hash, receipt } = await transact(client, { to: addresses.admissionController, abi, data })
  return { hash, receipt }
}
