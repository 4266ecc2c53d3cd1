import type { Hex } from 'viem'
import { signHistoryMessage } from '../historyMessages.ts'
import type { Receipt } from '../Receipt.ts'
import type { ScripClient } from '../transact.ts'

/**
 * Signs a receipt with the client's account: the receipt's consumer or provider, or a receipt signer of one of them. It counts
 * once both have signed and somebody records it.
 * @throws `KEY_MISSING`, `INVALID_ARGUMENT`, `RPC_UNREACHABLE`
 */
export async function signReceipt(client: ScripClient, { receipt }: { receipt: Receipt }): Promise<Hex> {
  const { networkId, consumer, provider, served, count } = receipt
  return signHistoryMessage(client, 'Receipt', { networkId, consumer, provider, served, count })
}
