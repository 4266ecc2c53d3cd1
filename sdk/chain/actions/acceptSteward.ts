import { historyCall } from '../historyCall.ts'
import { type ScripClient, type Transaction, transact } from '../transact.ts'

/**
 * Takes the steward's place that was offered to the client's account. `InteractionHistory.acceptSteward`.
 * @throws `TRANSACTION_REVERTED` with `UnknownNetwork` or `OnlyStewardCandidate`, and what `transact` throws
 */
export async function acceptSteward(client: ScripClient, { networkId }: { networkId: bigint }): Promise<Transaction> {
  const { hash, receipt } = await transact(client, historyCall('acceptSteward', [networkId]))
  return { hash, receipt }
}
