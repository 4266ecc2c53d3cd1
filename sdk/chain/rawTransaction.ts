import { type Hex, type TransactionReceipt, TransactionReceiptNotFoundError } from 'viem'
import { getTransactionReceipt } from 'viem/actions'
import type { ScripClient } from './transact.ts'

/** Whether a node refuses a transaction because it has it, a better paid one with its nonce, or its nonce in a block. */
export function isTaken(error: unknown): boolean {
  return /already known|already imported|known transaction|nonce (is )?too low|replacement/i.test(String(error))
}

/** The receipt of a transaction; nothing where it is not mined. */
export async function receiptOf(client: ScripClient, hash: Hex): Promise<TransactionReceipt | undefined> {
  try {
    return await getTransactionReceipt(client, { hash })
  } catch (error) {
    if (error instanceof TransactionReceiptNotFoundError) return undefined
    throw error
  }
}
