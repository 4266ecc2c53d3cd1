import type { Address } from 'viem'
import { transactCurrency } from '../currencyCall.ts'
import type { ScripClient, Transaction } from '../transact.ts'
import type { TransferAuthorization } from './signTransferAuthorization.ts'

/**
 * Carries out a signed transfer. `IssuerCurrency.transferWithAuthorization` or `receiveWithAuthorization` (ERC-3009), by the
 * overload that takes contract wallets' signatures, too.
 * @throws `UNKNOWN_CURRENCY`, `INSUFFICIENT_BALANCE`, `TRANSACTION_REVERTED` with `InvalidSignature`, `OnlyRecipient`,
 * `AuthorizationNotYetValid`, `AuthorizationExpired` or `AuthorizationAlreadyUsed`, and what `transact` throws
 */
export async function useTransferAuthorization(
  client: ScripClient,
  { currency, authorization }: { currency: Address; authorization: TransferAuthorization },
): Promise<Transaction> {
  const { from, to, value, validAfter, validBefore, nonce, signature, receiveOnly } = authorization
  const name = receiveOnly ? 'receiveWithAuthorization' : 'transferWithAuthorization'
  const args = [from, to, value, validAfter, validBefore, nonce, signature] as const
  const { hash, receipt } = await transactCurrency(client, currency, name, args)
  return { hash, receipt }
}
