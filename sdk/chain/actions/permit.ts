import type { Address } from 'viem'
import { transactCurrency } from '../currencyCall.ts'
import type { ScripClient, Transaction } from '../transact.ts'
import type { Permit } from './signPermit.ts'

/**
 * Brings a signed approval to the chain. `IssuerCurrency.permit` (ERC-2612); anyone may.
 * @throws `UNKNOWN_CURRENCY`, `TRANSACTION_REVERTED` with `PermitExpired`, `InvalidSignature` or `ChannelsAlwaysApproved`, and
 * what `transact` throws
 */
export async function permit(
  client: ScripClient,
  { currency, permit: { owner, spender, value, deadline, v, r, s } }: { currency: Address; permit: Permit },
): Promise<Transaction> {
  const { hash, receipt } = await transactCurrency(client, currency, 'permit', [
    owner,
    spender,
    value,
    deadline,
    v,
    r,
    s,
  ])
  return { hash, receipt }
}
