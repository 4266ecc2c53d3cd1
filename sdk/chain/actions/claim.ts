import { parseEventLogs } from 'viem'
import { paymentChannelsAbi as abi } from '../../abi/paymentChannels.ts'
import type { Claim } from '../../channels/Channel.ts'
import { channelsCall, descriptor } from '../channelCalls.ts'
import { type ScripClient, type Transaction, transact } from '../transact.ts'

/**
 * Presents a payee's best voucher and tick: what is new moves to the payee's balance. `PaymentChannels.claim`; anyone may.
 * @returns What moved, in base units.
 * @throws `TRANSACTION_REVERTED` with `NothingToClaim`, `DepositSpent`, `UnknownChannel`, `InvalidVoucher` or
 * `InvalidTick`, and what `transact` throws
 */
export async function claim(
  client: ScripClient,
  { claim: { channel, ...proof } }: { claim: Claim },
): Promise<Transaction & { paid: bigint }> {
  const call = channelsCall('claim', [{ channel: descriptor(channel), ...proof }])
  const { hash, receipt } = await transact(client, call)
  // The simulation's figure could be somebody else's claim of the same voucher that came first; the event's cannot.
  const [event] = parseEventLogs({ abi, eventName: 'Claimed', logs: receipt.logs })
  return { paid: event?.args.paid ?? 0n, hash, receipt }
}
