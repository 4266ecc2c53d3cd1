import type { Address, Hex } from 'viem'
import { admissionControllerAbi as abi } from '../../abi/admissionController.ts'
import { flowVerifierAbi } from '../../abi/flowVerifier.ts'
import { addresses } from '../addresses.ts'
import { encodeCall } from '../encodeCall.ts'
import { type ScripClient, type Transaction, transact } from '../transact.ts'

/**
 * Ends the admission of a peer that is shown to be ineligible. `AdmissionController.expel`; anyone may.
 * @throws `TRANSACTION_REVERTED` with `StillEligible`, `NotAdmitted` or what is wrong with the proof, and what `transact` throws
 */
export async function expel(
  client: ScripClient,
  { networkId, peer, proof = '0x' }: { networkId: bigint; peer: Address; proof?: Hex },
): Promise<Transaction> {
  const data = encodeCall({ abi, functionName: 'expel', args: [networkId, peer, proof] })
  const { hash, receipt } = await transact(client, {
    to: addresses.admissionController,
    // What a policy finds wrong with a proof passes through the controller.
    abi: [...abi, ...flowVerifierAbi],
    data,
  })
  return { hash, receipt }
}
