import { type Hex, parseEventLogs, type TransactionReceipt } from 'viem'
import { getTransactionReceipt } from 'viem/actions'
import { paymentChannelsAbi as abi } from '../abi/paymentChannels.ts'
import type { ScripClient } from '../chain/transact.ts'
import { cost } from './output.ts'
import { amountOf, type Unit } from './units.ts'

/** A transaction that was sent, with its receipt where it is known. */
export type SentTransaction = { readonly hash: Hex; readonly receipt: TransactionReceipt | undefined }

/** The transactions that a purchase took. Only for show: where the chain does not say, there is no receipt. */
export function readTransactions(client: ScripClient, hashes: readonly Hex[]): Promise<SentTransaction[]> {
  return Promise.all(
    hashes.map(async (hash) => ({
      hash,
      receipt: await getTransactionReceipt(client, { hash }).catch(() => undefined),
    })),
  )
}

/** What they put on deposit, and what they cost, as lines. */
export function describeFunding(transactions: readonly SentTransaction[], unit: Unit): string[] {
  return transactions.flatMap(({ hash, receipt }) => {
    if (receipt === undefined) return ['Sent a transaction that is not mined yet', `  transaction ${hash}`]
    const [funded] = parseEventLogs({ abi, eventName: 'Funded', logs: receipt.logs })
    const line = funded
      ? `Put ${amountOf(funded.args.amount, unit)} on deposit in a channel`
      : 'Let the channels take the deposit'
    return [line, cost({ hash, receipt })]
  })
}
