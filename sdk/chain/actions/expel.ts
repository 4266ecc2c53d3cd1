import type { Address, Hex } from 'viem'
import { admissionControllerAbi as abi } from '../../abi/admissionController.ts'
import { flowVerifierAbi } from '../../abi/flowVerifier.ts'
import { addresses } from '../addresses.ts'
import { encodeCall } from '../encodeCall.ts'
import { type ScripClient, type Transaction, transact } from '../transact.ts'
import { networkProof, type Proofs } from './policyProof.ts'

/** What `expel` takes. */
export type ExpelParameters = {
  networkId: bigint
  peer: Address
  /** What the network's policy, or the parts of a composite one, ask for, by their addresses. */
  proofs?: Proofs
  /** The whole proof, as the network's policy takes it; made of `proofs` where nothing is said. */
  proof?: Hex
}

/**
 * Ends the admission of a peer that is shown to be ineligible. `AdmissionController.expel`; anyone may. The ratio and the
 * bond policy see it themselves, without a proof.
 * @throws `TRANSACTION_REVERTED` with `StillEligible`, `NotAdmitted` or what is wrong with the proof, and what `transact` throws
 */
export async function expel(client: ScripClient, parameters: ExpelParameters): Promise<Transaction> {
  const { networkId, peer, proofs } = parameters
  const proof = parameters.proof ?? (await networkProof(client, networkId, proofs))
  const data = encodeCall({ abi, functionName: 'expel', args: [networkId, peer, proof] })
  const { hash, receipt } = await transact(client, {
    to: addresses.admissionController,
    // What a policy finds wrong with a proof passes through the controller.
    abi: [...abi, ...flowVerifierAbi],
    data,
  })
  return { hash, receipt }
}
