import { type Address, encodeAbiParameters, type Hex, zeroAddress } from 'viem'
import { readContract } from 'viem/actions'
import { admissionControllerAbi } from '../../abi/admissionController.ts'
import { allOfPolicyAbi } from '../../abi/allOfPolicy.ts'
import { addresses } from '../addresses.ts'
import { guarded, type ScripClient } from '../transact.ts'

/** Proofs by the address of the policy that asks for them; policies that are not named get an empty one. */
export type Proofs = { readonly [policy: Address]: Hex }

/** A policy and, where it is a composite one, its parts. */
export type PolicyTree = { readonly policy: Address; readonly parts?: readonly PolicyTree[] }

/**
 * The proof that a policy takes: its own, or for a composite policy the array of its parts' proofs, in their order.
 * `ICompositePolicy`. Pure.
 */
export function policyProof({ policy, parts }: PolicyTree, proofs: Proofs = {}): Hex {
  if (parts !== undefined && parts.length > 0) {
    return encodeAbiParameters([{ type: 'bytes[]' }], [parts.map((part) => policyProof(part, proofs))])
  }
  const own = Object.entries(proofs).find(([address]) => address.toLowerCase() === policy.toLowerCase())
  return own?.[1] ?? '0x'
}

/**
 * A policy with all that it is made of in a network. `ICompositePolicy.childrenOf`.
 * @throws `NOT_DEPLOYED`, `RPC_UNREACHABLE`
 */
export async function readPolicy(
  client: ScripClient,
  { networkId, policy, blockNumber }: { networkId: bigint; policy: Address; blockNumber?: bigint | undefined },
): Promise<PolicyTree> {
  if (policy !== addresses.allOfPolicy && policy !== addresses.anyOfPolicy) return { policy }
  const children = await guarded(allOfPolicyAbi, () =>
    readContract(client, {
      address: policy,
      abi: allOfPolicyAbi,
      functionName: 'childrenOf',
      args: [networkId],
      ...(blockNumber !== undefined && { blockNumber }),
    }),
  )
  // No composite contains itself: this ends.
  const parts = children.map((child) => readPolicy(client, { networkId, policy: child, blockNumber }))
  return { policy, parts: await Promise.all(parts) }
}

/** The proof that a network's policy takes, of its parts' proofs. @throws as `readPolicy` */
export async function networkProof(client: ScripClient, networkId: bigint, proofs?: Proofs): Promise<Hex> {
  const policy = await guarded(admissionControllerAbi, () =>
    readContract(client, {
      address: addresses.admissionController,
      abi: admissionControllerAbi,
      functionName: 'policyOf',
      args: [networkId],
    }),
  )
  return policy === zeroAddress ? '0x' : policyProof(await readPolicy(client, { networkId, policy }), proofs)
}
