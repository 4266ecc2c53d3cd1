import type { Address } from 'viem'
import { transactCurrency } from '../currencyCall.ts'
import type { ScripClient, Transaction } from '../transact.ts'

/**
 * Takes the issuer's place that was offered to the client's account. `IssuerCurrency.acceptIssuer`.
 * @throws `UNKNOWN_CURRENCY`, `TRANSACTION_REVERTED` with `OnlyIssuerCandidate`, and what `transact` throws
 */
export async function acceptIssuer(client: ScripClient, { currency }: { currency: Address }): Promise<Transaction> {
  const { hash, receipt } = await transactCurrency(client, currency, 'acceptIssuer', [])
  return { hash, receipt }
}
