import { parseEventLogs } from 'viem'
import { paymentChannelsAbi as abi } from '../../abi/paymentChannels.ts'
import { channelsCall, descriptor } from '../channelCalls.ts'
import { type ScripClient, type Transaction, transact } from '../transact.ts'
import type { ExitRequest } from './signExitRequest.ts'

/**
 * Starts a payer's way out of a channel by its signature. `PaymentChannels.requestExitFor`; anyone may.
 * @returns `exitAt`: Unix seconds from which `exit` gives the unspent deposit back.
 * @throws `TRANSACTION_REVERTED` with `InvalidSignature`, `SignatureExpired`, `MessageUsed`, `UnknownChannel` or
 * `ChannelExiting`, and what `transact` throws
 */
export async function relayExitRequest(
  client: ScripClient,
  { request: { channel, deadline, signature } }: { request: ExitRequest },
): Promise<Transaction & { exitAt: number }> {
  const call = channelsCall('requestExitFor', [descriptor(channel), deadline, signature])
  const { hash, receipt } = await transact(client, call)
  const [event] = parseEventLogs({ abi, eventName: 'ExitRequested', logs: receipt.logs })
  return { exitAt: event?.args.exitAt ?? 0, hash, receipt }
}
