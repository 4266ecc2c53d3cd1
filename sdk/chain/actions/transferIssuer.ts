import type { Address } from 'viem'
import { transactCurrency } from '../currencyCall.ts'
import type { ScripClient, Transaction } from '../transact.ts'

/**
 * Offers the issuer's place; zero takes an offer back. Issuer only. `IssuerCurrency.transferIssuer`.
 * @throws `UNKNOWN_CURRENCY`, `TRANSACTION_REVERTED` with `OnlyIssuer`, and what `transact` throws
 */
export async function transferIssuer(
  client: ScripClient,
  { currency, next }: { currency: Address; next: Address },
): Promise<Transaction> {
  const { hash, receipt } = await transactCurrency(client, currency, 'transferIssuer', [next])
  return { hash, receipt }
}
