import type { Channel } from '../../channels/Channel.ts'
import { channelsCall, descriptor } from '../channelCalls.ts'
import { type ScripClient, type Transaction, transact } from '../transact.ts'

/**
 * Takes a requested exit back: the channel goes on. `PaymentChannels.cancelExit`; payer only.
 * @throws `TRANSACTION_REVERTED` with `OnlyPayer` or `ExitNotRequested`, and what `transact` throws
 */
export async function cancelExit(client: ScripClient, { channel }: { channel: Channel }): Promise<Transaction> {
  const { hash, receipt } = await transact(client, channelsCall('cancelExit', [descriptor(channel)]))
  return { hash, receipt }
}
