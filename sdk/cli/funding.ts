import { type Hex, parseEventLogs } from 'viem'
import { getTransactionReceipt } from 'viem/actions'
import { paymentChannelsAbi as abi } from '../abi/paymentChannels.ts'
import { guarded, type ScripClient, type Transaction } from '../chain/transact.ts'
import { cost } from './output.ts'
import { amountOf, type Unit } from './units.ts'

/** The transactions that a purchase took. @throws `RPC_UNREACHABLE` */
export async function readTransactions(client: ScripClient, hashes: readonly Hex[]): Promise<Transaction[]> {
  return guarded(abi, () =>
    Promise.all(hashes.map(async (hash) => ({ hash, receipt: await getTransactionReceipt(client, { hash }) }))),
  )
}

/** What they put on deposit, and what they cost, as lines. */
export function describeFunding(transactions: readonly Transaction[], unit: Unit): string[] {
  return transactions.flatMap((transaction) => {
    const [funded] = parseEventLogs({ abi, eventName: 'Funded', logs: transaction.receipt.logs })
    const line = funded
      ? `Put ${amountOf(funded.args.amount, unit)} on deposit in a channel`
      : 'Let the channels take the deposit'
    return [line, cost(transaction)]
  })
}
