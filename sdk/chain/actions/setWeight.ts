import type { Address } from 'viem'
import { interactionHistoryAbi as abi } from '../../abi/interactionHistory.ts'
import { addresses } from '../addresses.ts'
import { encodeCall } from '../encodeCall.ts'
import { type ScripClient, type Transaction, transact } from '../transact.ts'

/** A weight that counts one base unit of a currency as one unit of a network's value. */
export const WEIGHT_UNIT = 10n ** 18n

/**
 * States, once and for all, what a network counts for one base unit of a currency. Steward only.
 * `InteractionHistory.setWeight`.
 * @param parameters `weight`: 1e18 counts 1, and is taken where nothing is said.
 * @throws `TRANSACTION_REVERTED` with `OnlySteward`, `WeightAlreadySet` or `UnknownNetwork`, and what `transact` throws
 */
export async function setWeight(
  client: ScripClient,
  { networkId, currency, weight = WEIGHT_UNIT }: { networkId: bigint; currency: Address; weight?: bigint },
): Promise<Transaction> {
  const data = encodeCall({ abi, functionName: 'setWeight', args: [networkId, currency, weight] })
  const { hash, receipt } = await transact(client, { to: addresses.interactionHistory, abi, data })
  return { hash, receipt }
}
