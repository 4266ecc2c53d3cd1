import { historyCall, receiptArgument } from '../historyCall.ts'
import type { SignedReceipt } from '../Receipt.ts'
import { type ScripClient, type Transaction, transact } from '../transact.ts'

/**
 * Records a receipt that both peers signed. `InteractionHistory.record`; anyone may.
 * @throws `TRANSACTION_REVERTED` with `UnknownNetwork`, `SelfDealing`, `StaleReceipt` or `InvalidSignature`, and what
 * `transact` throws
 */
export async function recordReceipt(client: ScripClient, { signed }: { signed: SignedReceipt }): Promise<Transaction> {
  const { hash, receipt } = await transact(client, historyCall('record', [receiptArgument(signed)]))
  return { hash, receipt }
}
