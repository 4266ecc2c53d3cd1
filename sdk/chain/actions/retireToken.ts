import type { Address } from 'viem'
import { historyCall } from '../historyCall.ts'
import { type ScripClient, type Transaction, transact } from '../transact.ts'

/**
 * Lets a currency count nothing more in a network, for ever; edges and totals keep what they have. What was settled and is not
 * synced yet is lost: `sync` first. Steward only. `InteractionHistory.retire`.
 * @throws `TRANSACTION_REVERTED` with `UnknownNetwork`, `OnlySteward`, `NoWeight` or `AlreadyRetired`, and what `transact`
 * throws
 */
export async function retireToken(
  client: ScripClient,
  { networkId, currency }: { networkId: bigint; currency: Address },
): Promise<Transaction> {
  const { hash, receipt } = await transact(client, historyCall('retire', [networkId, currency]))
  return { hash, receipt }
}
