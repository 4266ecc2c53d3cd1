import type { Channel } from '../../channels/Channel.ts'
import type { ScripClient, Transaction } from '../transact.ts'
import { getChannelState } from './getChannelState.ts'
import { fund } from './openChannel.ts'

/**
 * Adds to an open channel's deposit from the client's wallet, or from its balance in the channels contract, which only the
 * payer may. `PaymentChannels.fund`, `fundFromBalance`.
 * @param parameters `amount` in base units.
 * @returns Everything ever deposited, in base units, for `Payer.setFunded`.
 * @throws `INSUFFICIENT_BALANCE`, `TRANSACTION_REVERTED` with `ChannelExiting`, `OnlyPayer` or `InsufficientBalance`, and
 * what `transact` throws
 */
export async function topUp(
  client: ScripClient,
  { channel, amount, fromBalance = false }: { channel: Channel; amount: bigint; fromBalance?: boolean },
): Promise<Transaction & { funded: bigint }> {
  const transaction = await fund(client, { channel, amount, fromBalance })
  const { claimed, deposit } = await getChannelState(client, { channelId: channel.id })
  return { funded: claimed + deposit, ...transaction }
}
