import { type Address, parseEventLogs } from 'viem'
import { paymentChannelsAbi as abi } from '../../abi/paymentChannels.ts'
import type { Claim } from '../../channels/Channel.ts'
import { channelsCall, claimArgument } from '../channelCalls.ts'
import { accountOf, type ScripClient, type Transaction, transact } from '../transact.ts'

/**
 * Claims as the channel's payee, straight to a wallet, its own where nothing is said. `PaymentChannels.claimTo`.
 * @returns What moved, in base units; 0 where all of it bounced.
 * @throws `TRANSACTION_REVERTED` with `OnlyPayee`, `InvalidRecipient` or what `claim` is refused with, and what `transact`
 * throws
 */
export async function claimTo(
  client: ScripClient,
  { claim, to = accountOf(client).address }: { claim: Claim; to?: Address },
): Promise<Transaction & { paid: bigint }> {
  const { hash, receipt } = await transact(client, channelsCall('claimTo', [claimArgument(claim), to]))
  const [event] = parseEventLogs({ abi, eventName: 'Claimed', logs: receipt.logs })
  return { paid: event?.args.paid ?? 0n, hash, receipt }
}
