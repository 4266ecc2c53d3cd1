import { parseEventLogs } from 'viem'
import { paymentChannelsAbi as abi } from '../../abi/paymentChannels.ts'
import type { Claim } from '../../channels/Channel.ts'
import { channelsCall, claimArgument } from '../channelCalls.ts'
import { type ScripClient, type Transaction, transact } from '../transact.ts'

/**
 * Presents a payee's best voucher and tick: what is new moves to the payee's balance. `PaymentChannels.claim`; anyone may.
 * @returns What moved, in base units; 0 where all of it bounced.
 * @throws `TRANSACTION_REVERTED` with `NothingToClaim`, `DepositSpent`, `UnknownChannel`, `UnknownPurse`,
 * `InvalidVoucher` or `InvalidTick`, and what `transact` throws
 */
export async function claim(client: ScripClient, { claim }: { claim: Claim }): Promise<Transaction & { paid: bigint }> {
  const { hash, receipt } = await transact(client, channelsCall('claim', [claimArgument(claim)]))
  // The simulation's figure could be somebody else's claim of the same voucher that came first; the event's cannot.
  const [event] = parseEventLogs({ abi, eventName: 'Claimed', logs: receipt.logs })
  return { paid: event?.args.paid ?? 0n, hash, receipt }
}
