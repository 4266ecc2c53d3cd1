import type { Address } from 'viem'
import { channelsCall } from '../channelCalls.ts'
import { accountOf, type ScripClient, type Transaction, transact } from '../transact.ts'

/**
 * Sends base units of the account's balance in the channels contract to a wallet, its own where nothing is said.
 * `PaymentChannels.withdraw`.
 * @throws `TRANSACTION_REVERTED` with `InsufficientBalance` or `InvalidRecipient`, and what `transact` throws
 */
export async function withdraw(
  client: ScripClient,
  { currency, amount, to = accountOf(client).address }: { currency: Address; amount: bigint; to?: Address },
): Promise<Transaction> {
  const { hash, receipt } = await transact(client, channelsCall('withdraw', [currency, amount, to]))
  return { hash, receipt }
}
