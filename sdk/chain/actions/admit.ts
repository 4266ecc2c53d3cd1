import { type Address, type Hex, parseEventLogs } from 'viem'
import { admissionControllerAbi as abi } from '../../abi/admissionController.ts'
import { flowVerifierAbi } from '../../abi/flowVerifier.ts'
import { addresses } from '../addresses.ts'
import { encodeCall } from '../encodeCall.ts'
import { accountOf, type ScripClient, type Transaction, transact } from '../transact.ts'
import { networkProof, type Proofs } from './policyProof.ts'

/** What `admit` takes. */
export type AdmitParameters = {
  networkId: bigint
  peer?: Address
  /** What the network's policy, or the parts of a composite one, ask for, by their addresses. */
  proofs?: Proofs
  /** The whole proof, as the network's policy takes it; made of `proofs` where nothing is said. */
  proof?: Hex
}

/**
 * Has a network admit a peer that its policy finds eligible, the client's account where nothing is said.
 * `AdmissionController.admit`; anyone may.
 * @returns `validUntil`: when the admission ends, in Unix seconds.
 * @throws `TRANSACTION_REVERTED` with `NotEligible`, `NoPolicy` or what is wrong with the proof, and what `transact` throws
 */
export async function admit(
  client: ScripClient,
  parameters: AdmitParameters,
): Promise<Transaction & { validUntil: number }> {
  const { networkId, peer = accountOf(client).address, proofs } = parameters
  const proof = parameters.proof ?? (await networkProof(client, networkId, proofs))
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
