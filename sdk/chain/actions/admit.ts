import { type Address, type Hex, parseEventLogs } from 'viem'
import { admissionControllerAbi as abi } from '../../abi/admissionController.ts'
import { flowVerifierAbi } from '../../abi/flowVerifier.ts'
import { addresses } from '../addresses.ts'
import { encodeCall } from '../encodeCall.ts'
import { accountOf, type ScripClient, type Transaction, transact } from '../transact.ts'

/**
 * Has a network admit a peer that its policy finds eligible, the client's account where nothing is said.
 * `AdmissionController.admit`; anyone may.
 * @returns `validUntil`: when the admission ends, in Unix seconds.
 * @throws `TRANSACTION_REVERTED` with `NotEligible`, `NoPolicy` or what is wrong with the proof, and what `transact` throws
 */
export async function admit(
  client: ScripClient,
  { networkId, peer = accountOf(client).address, proof = '0x' }: { networkId: bigint; peer?: Address; proof?: Hex },
): Promise<Transaction & { validUntil: number }> {
  const data = encodeCall({ abi, functionName: 'admit', args: [networkId, peer, proof] })
  const { hash, receipt } = await transact(client, {
    to: addresses.admissionController,
    // What a policy finds wrong with a proof passes through the controller.
    abi: [...abi, ...flowVerifierAbi],
    data,
  })
  const [event] = parseEventLogs({ abi, eventName: 'Admitted', logs: receipt.logs })
  return { validUntil: event?.args.validUntil ?? 0, hash, receipt }
}
