import type { Channel } from '../../channels/Channel.ts'
import { channelsCall, descriptor } from '../channelCalls.ts'
import { type ScripClient, type Transaction, transact } from '../transact.ts'

/**
 * Gives the unspent deposit back to the payer's balance once the delay is over. `PaymentChannels.exit`; anyone may.
 * @throws `TRANSACTION_REVERTED` with `ExitNotRequested` or `ExitNotDue`, and what `transact` throws
 */
export async function exit(client: ScripClient, { channel }: { channel: Channel }): Promise<Transaction> {
  const { hash, receipt } = await transact(client, channelsCall('exit', [descriptor(channel)]))
  return { hash, receipt }
}
