import type { Address, Hex } from 'viem'
import { transactCurrency } from '../currencyCall.ts'
import { signCurrencyMessage } from '../currencyMessages.ts'
import { accountOf, type ScripClient, type Transaction } from '../transact.ts'

/**
 * Makes an unused authorization of the client's account worthless. `IssuerCurrency.cancelAuthorization` (ERC-3009).
 * @throws `UNKNOWN_CURRENCY`, `TRANSACTION_REVERTED` with `AuthorizationAlreadyUsed`, and what `transact` throws
 */
export async function cancelAuthorization(
  client: ScripClient,
  { currency, nonce }: { currency: Address; nonce: Hex },
): Promise<Transaction> {
  const authorizer = accountOf(client).address
  const signature = await signCurrencyMessage(client, currency, 'CancelAuthorization', { authorizer, nonce })
  const { hash, receipt } = await transactCurrency(client, currency, 'cancelAuthorization', [
    authorizer,
    nonce,
    signature,
  ])
  return { hash, receipt }
}
