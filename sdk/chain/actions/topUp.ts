import type { Channel } from '../../channels/Channel.ts'
import { channelsCall, descriptor } from '../channelCalls.ts'
import { accountOf, type ScripClient, type Transaction, transact } from '../transact.ts'
import { getChannelState } from './getChannelState.ts'
import { approve } from './openChannel.ts'

/**
 * Adds to an open channel's deposit from the client's wallet. `PaymentChannels.fund`.
 * @param parameters `amount` in base units.
 * @returns Everything ever deposited, in base units, for `Payer.setFunded`.
 * @throws `INSUFFICIENT_BALANCE`, `TRANSACTION_REVERTED` with `ChannelExiting`, and what `transact` throws
 */
export async function topUp(
  client: ScripClient,
  { channel, amount }: { channel: Channel; amount: bigint },
): Promise<Transaction & { funded: bigint }> {
  await approve(client, accountOf(client).address, channel.token, amount)
  const { hash, receipt } = await transact(client, channelsCall('fund', [descriptor(channel), amount]))
  const { claimed, deposit } = await getChannelState(client, { channelId: channel.id })
  return { funded: claimed + deposit, hash, receipt }
}
