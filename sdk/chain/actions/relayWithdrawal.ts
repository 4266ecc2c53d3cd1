import { channelsCall } from '../channelCalls.ts'
import { type ScripClient, type Transaction, transact } from '../transact.ts'
import type { Withdrawal } from './signWithdrawal.ts'

/**
 * Carries out a signed withdrawal. `PaymentChannels.withdrawFor`; anyone may.
 * @throws `TRANSACTION_REVERTED` with `InvalidSignature`, `SignatureExpired`, `MessageUsed`, `InsufficientBalance` or
 * `InvalidRecipient`, and what `transact` throws
 */
export async function relayWithdrawal(
  client: ScripClient,
  { withdrawal: { owner, token, amount, to, nonce, deadline, signature } }: { withdrawal: Withdrawal },
): Promise<Transaction> {
  const call = channelsCall('withdrawFor', [owner, token, amount, to, nonce, deadline, signature])
  const { hash, receipt } = await transact(client, call)
  return { hash, receipt }
}
