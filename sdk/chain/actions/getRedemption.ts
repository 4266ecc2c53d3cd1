import type { Address, Hex } from 'viem'
import { readContract } from 'viem/actions'
import { issuerCurrencyAbi as abi } from '../../abi/issuerCurrency.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { requireCurrency } from '../requireCurrency.ts'
import { guarded, type ScripClient } from '../transact.ts'

/** How far a redemption is, in the order of `IRedemptions.Status`. */
export const redemptionStatuses = [
  'none',
  'requested',
  'accepted',
  'fulfilled',
  'lapsed',
  'defaulted',
  'redeemed',
  'disputed',
] as const

/** A redemption. */
export type Redemption = {
  readonly holder: Address
  /** Base units. */
  readonly amount: bigint
  readonly termsHash: Hex
  /** Until when the current step may be taken, in Unix seconds. */
  readonly deadline: number
  readonly status: (typeof redemptionStatuses)[number]
}

/**
 * A redemption of a currency. `IssuerCurrency.redemption`.
 * @throws `UNKNOWN_CURRENCY`, `NOT_FOUND`, `RPC_UNREACHABLE`
 */
export async function getRedemption(
  client: ScripClient,
  { currency, id }: { currency: Address; id: bigint },
): Promise<Redemption> {
  await requireCurrency(client, currency)
  const [holder, amount, termsHash, deadline, code] = await guarded(abi, () =>
    readContract(client, { address: currency, abi, functionName: 'redemption', args: [id] }),
  )
  const status = redemptionStatuses[code] ?? 'none'
  if (status === 'none') {
    throw new ScripError('NOT_FOUND', {
      detail: `Nobody requested a redemption ${id} of ${currency}.`,
      hint: 'Check the number that `redeem` returned.',
      values: { currency, id },
    })
  }
  return { holder, amount, termsHash, deadline, status }
}
