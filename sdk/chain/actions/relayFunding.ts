import { channelsCall, descriptor } from '../channelCalls.ts'
import { type ScripClient, type Transaction, transact } from '../transact.ts'
import { getChannelState } from './getChannelState.ts'
import type { Funding } from './signFunding.ts'

/**
 * Opens or fills a channel by its payer's signature. `PaymentChannels.fundWithAuthorization`; anyone may.
 * @returns Everything ever deposited, in base units, for `Payer.setFunded`.
 * @throws `INSUFFICIENT_BALANCE` of the payer, `TRANSACTION_REVERTED` with `InvalidSignature`, `AuthorizationExpired`,
 * `AuthorizationNotYetValid`, `AuthorizationAlreadyUsed`, `ChannelExiting` or what opening is refused with, and what
 * `transact` throws
 */
export async function relayFunding(
  client: ScripClient,
  { funding: { channel, amount, validAfter, validBefore, salt, signature } }: { funding: Funding },
): Promise<Transaction & { funded: bigint }> {
  const args = [descriptor(channel), amount, validAfter, validBefore, salt, signature] as const
  const { hash, receipt } = await transact(client, channelsCall('fundWithAuthorization', args))
  const { claimed, deposit } = await getChannelState(client, { channelId: channel.id })
  return { funded: claimed + deposit, hash, receipt }
}
