import type { Address } from 'viem'
import { historyCall } from '../historyCall.ts'
import { type ScripClient, type Transaction, transact } from '../transact.ts'

/**
 * Lets a key, an agent's say, sign receipts for the client's account in all networks, or ends that.
 * `InteractionHistory.setReceiptSigner`.
 * @param parameters `validUntil`: in Unix seconds, that one included. What the key signed has to be recorded by then. 0 ends it
 * at once.
 * @throws `TRANSACTION_REVERTED` with `InvalidReceiptSigner`, and what `transact` throws
 */
export async function setReceiptSigner(
  client: ScripClient,
  { signer, validUntil }: { signer: Address; validUntil: number },
): Promise<Transaction> {
  const { hash, receipt } = await transact(client, historyCall('setReceiptSigner', [signer, validUntil]))
  return { hash, receipt }
}
