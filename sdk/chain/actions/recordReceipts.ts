import { parseEventLogs } from 'viem'
import { interactionHistoryAbi as abi } from '../../abi/interactionHistory.ts'
import { errorNames } from '../errorNames.ts'
import { historyCall, receiptArgument } from '../historyCall.ts'
import type { SignedReceipt } from '../Receipt.ts'
import { type ScripClient, type Transaction, transact } from '../transact.ts'

/** A receipt of a batch that the contract skipped; `reason` names the error that it alone would have reverted with. */
export type SkippedReceipt = { readonly signed: SignedReceipt; readonly reason: string }

/**
 * Records many receipts in one transaction; one that alone would revert is skipped. `InteractionHistory.recordBatch`; anyone
 * may. A contract wallet has 80,000 gas to accept a signature here; one that suddenly takes all of it makes the transaction
 * run short of what was estimated, so record the receipts of wallets that you do not trust alone.
 * @throws what `transact` throws
 */
export async function recordReceipts(
  client: ScripClient,
  { signed }: { signed: readonly SignedReceipt[] },
): Promise<Transaction & { skipped: SkippedReceipt[] }> {
  const { hash, receipt } = await transact(client, historyCall('recordBatch', [signed.map(receiptArgument)]))
  // Each row leaves one event, in the order given.
  const outcomes = parseEventLogs({ abi, eventName: ['ReceiptRecorded', 'ReceiptSkipped'], logs: receipt.logs })
  const skipped = signed.flatMap((one, index) => {
    const outcome = outcomes[index]
    if (outcome?.eventName !== 'ReceiptSkipped') return []
    return [{ signed: one, reason: names.get(outcome.args.reason) ?? '' }]
  })
  return { skipped, hash, receipt }
}

const names = errorNames(abi)
