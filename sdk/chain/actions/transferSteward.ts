import type { Address } from 'viem'
import { historyCall } from '../historyCall.ts'
import { type ScripClient, type Transaction, transact } from '../transact.ts'

/**
 * Offers the steward's place of a network; zero takes an offer back. Steward only. `InteractionHistory.transferSteward`.
 * @throws `TRANSACTION_REVERTED` with `UnknownNetwork` or `OnlySteward`, and what `transact` throws
 */
export async function transferSteward(
  client: ScripClient,
  { networkId, next }: { networkId: bigint; next: Address },
): Promise<Transaction> {
  const { hash, receipt } = await transact(client, historyCall('transferSteward', [networkId, next]))
  return { hash, receipt }
}
