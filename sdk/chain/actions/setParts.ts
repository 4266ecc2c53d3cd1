import type { Address } from 'viem'
import { allOfPolicyAbi as abi } from '../../abi/allOfPolicy.ts'
import { addresses } from '../addresses.ts'
import { encodeCall } from '../encodeCall.ts'
import { type ScripClient, type Transaction, transact } from '../transact.ts'

/** The parts of a composite policy in a network, at most 8. */
export type PartsParameters = { networkId: bigint; policies: readonly Address[] }

/**
 * Names the policies that a peer must satisfy all of. Steward only; `setPolicy` with `addresses.allOfPolicy` makes them
 * the network's. `AllOfPolicy.setChildren`.
 * @throws `TRANSACTION_REVERTED` with `OnlySteward`, `InvalidChildCount`, `DuplicateChild`, `NotAPolicy` or
 * `ContainsItself`, and what `transact` throws
 */
export async function setAllOf(client: ScripClient, parameters: PartsParameters): Promise<Transaction> {
  return setParts(client, addresses.allOfPolicy, parameters)
}

/**
 * Names the policies of which a peer must satisfy one. Steward only; `setPolicy` with `addresses.anyOfPolicy` makes them
 * the network's. `AnyOfPolicy.setChildren`.
 * @throws as `setAllOf`
 */
export async function setAnyOf(client: ScripClient, parameters: PartsParameters): Promise<Transaction> {
  return setParts(client, addresses.anyOfPolicy, parameters)
}

async function setParts(
  client: ScripClient,
  to: Address,
  { networkId, policies }: PartsParameters,
): Promise<Transaction> {
  const data = encodeCall({ abi, functionName: 'setChildren', args: [networkId, policies] })
  const { hash, receipt } = await transact(client, { to, abi, data })
  return { hash, receipt }
}
