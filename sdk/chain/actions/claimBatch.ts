import { parseEventLogs } from 'viem'
import { paymentChannelsAbi as abi } from '../../abi/paymentChannels.ts'
import type { Claim } from '../../channels/Channel.ts'
import { channelsCall, claimArgument } from '../channelCalls.ts'
import { errorNames } from '../errorNames.ts'
import { type ScripClient, type Transaction, transact } from '../transact.ts'

/** A claim of a batch that the contract skipped; `reason` names the error that it alone would have reverted with. */
export type SkippedClaim = { readonly claim: Claim; readonly reason: string }

/**
 * Claims on many channels in one transaction; a claim that alone would revert is skipped. `PaymentChannels.claimBatch`;
 * anyone may.
 * @returns What each claim moved, in base units and in the order given, and which were skipped.
 * @throws what `transact` throws
 */
export async function claimBatch(
  client: ScripClient,
  { claims }: { claims: readonly Claim[] },
): Promise<Transaction & { paid: bigint[]; skipped: SkippedClaim[] }> {
  const { hash, receipt } = await transact(client, channelsCall('claimBatch', [claims.map(claimArgument)]))
  const logs = parseEventLogs({ abi, eventName: ['Claimed', 'Bounced', 'ClaimSkipped'], logs: receipt.logs })
  // Each claim leaves one event, and one that paid a part leaves Bounced after it.
  const outcomes = logs.filter(({ eventName, args }) => eventName !== 'Bounced' || args.paid === 0n)
  const paid: bigint[] = []
  const skipped: SkippedClaim[] = []
  for (const [index, claim] of claims.entries()) {
    const outcome = outcomes[index]
    paid.push(outcome?.eventName === 'Claimed' ? outcome.args.paid : 0n)
    if (outcome?.eventName === 'ClaimSkipped') skipped.push({ claim, reason: names.get(outcome.args.reason) ?? '' })
  }
  return { paid, skipped, hash, receipt }
}

const names = errorNames(abi)
