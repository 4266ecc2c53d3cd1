import { parseEventLogs } from 'viem'
import { paymentChannelsAbi as abi } from '../../abi/paymentChannels.ts'
import type { Channel, Claim } from '../../channels/Channel.ts'
import { channelsCall, claimArgument, descriptor } from '../channelCalls.ts'
import { type ScripClient, type Transaction, transact } from '../transact.ts'

/** What a payee took and gave back, in base units. */
export type CloseReturnType = Transaction & { readonly paid: bigint; readonly released: bigint }

/**
 * Claims what is new, if anything, and gives the rest of the deposit back to the payer's balance at once.
 * `PaymentChannels.close`; payee only. The channel can be funded again.
 * @throws `TRANSACTION_REVERTED` with `OnlyPayee`, or what `claim` is refused with, and what `transact` throws
 */
export async function close(client: ScripClient, { claim }: { claim: Claim }): Promise<CloseReturnType> {
  return settled(await transact(client, channelsCall('close', [claimArgument(claim)])))
}

/**
 * Gives the whole deposit of a channel back to the payer's balance. `PaymentChannels.release`; payee only.
 * @throws `TRANSACTION_REVERTED` with `OnlyPayee`, `UnknownChannel` or `ZeroAmount`, and what `transact` throws
 */
export async function release(client: ScripClient, { channel }: { channel: Channel }): Promise<CloseReturnType> {
  return settled(await transact(client, channelsCall('release', [descriptor(channel)])))
}

function settled({ hash, receipt }: Transaction): CloseReturnType {
  const [claimed] = parseEventLogs({ abi, eventName: 'Claimed', logs: receipt.logs })
  const [released] = parseEventLogs({ abi, eventName: 'Released', logs: receipt.logs })
  return { paid: claimed?.args.paid ?? 0n, released: released?.args.amount ?? 0n, hash, receipt }
}
