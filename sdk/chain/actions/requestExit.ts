import { parseEventLogs } from 'viem'
import { paymentChannelsAbi as abi } from '../../abi/paymentChannels.ts'
import type { Channel } from '../../channels/Channel.ts'
import { channelsCall, descriptor } from '../channelCalls.ts'
import { type ScripClient, type Transaction, transact } from '../transact.ts'

/**
 * Starts the payer's way out of a channel. `PaymentChannels.requestExit`.
 * @returns `exitAt`: Unix seconds from which `exit` gives the unspent deposit back.
 * @throws `TRANSACTION_REVERTED` with `OnlyPayer`, `UnknownChannel` or `ChannelExiting`, and what `transact` throws
 */
export async function requestExit(
  client: ScripClient,
  { channel }: { channel: Channel },
): Promise<Transaction & { exitAt: number }> {
  const { hash, receipt } = await transact(client, channelsCall('requestExit', [descriptor(channel)]))
  const [event] = parseEventLogs({ abi, eventName: 'ExitRequested', logs: receipt.logs })
  return { exitAt: event?.args.exitAt ?? 0, hash, receipt }
}
