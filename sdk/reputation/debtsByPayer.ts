import type { Address, Hex } from 'viem'
import { ScripError } from '../errors/ScripError.ts'
import { AddressMap } from './AddressMap.ts'
import { parseAddress } from './parseAddress.ts'

/** An event `Bounced` of PaymentChannels, with the channel's settled total after it. */
export type Bounce = {
  readonly channelId: Hex
  readonly payer: Address
  /** What deposit and purse did not cover. */
  readonly owed: bigint
  /** The settled total at the time: `claimed` of the event Claimed before it, or 0 where nothing was ever settled. */
  readonly claimed: bigint
}

/**
 * What each payer still owes on channels of one currency. What is owed is a level, not a sum of events, and an older voucher
 * states less: a channel's debt is the highest `owed + claimed` ever seen, less what is settled now. Later payments so
 * make good.
 *
 * @param settled Each channel's settled total now; the highest that its bounces saw where it is not in the map.
 * @throws INVALID_ARGUMENT if a payer is not an address or an amount not a bigint from 0.
 */
export function debtsByPayer(
  bounces: Iterable<Bounce>,
  settled: ReadonlyMap<Hex, bigint> = new Map(),
): Map<Address, bigint> {
  const channels = new Map<Hex, { payer: Address; stated: bigint; claimed: bigint }>()
  for (const { channelId, payer, owed, claimed } of bounces) {
    if (![owed, claimed].every(isAmount)) throw wrongAmount({ channelId, owed, claimed })
    const known = channels.get(channelId)
    channels.set(channelId, {
      payer: parseAddress(payer, 'payer'),
      stated: greater(known?.stated ?? 0n, owed + claimed),
      claimed: greater(known?.claimed ?? 0n, claimed),
    })
  }

  const debts = new AddressMap<bigint>()
  for (const [channelId, { payer, stated, claimed }] of channels) {
    const now = settled.get(channelId) ?? claimed
    if (!isAmount(now)) throw wrongAmount({ channelId, settled: now })
    if (stated > now) debts.set(payer, (debts.get(payer) ?? 0n) + stated - now)
  }
  return debts
}

function isAmount(amount: bigint): boolean {
  return typeof amount === 'bigint' && amount >= 0n
}

function wrongAmount(values: Record<string, unknown>): ScripError {
  return new ScripError('INVALID_ARGUMENT', {
    detail: 'An amount of a bounce is not a bigint from 0',
    hint: 'Give what the chain’s events say.',
    values,
  })
}

function greater(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
