import { decodeFunctionResult } from 'viem'
import { issuerCurrencyAbi as abi } from '../../abi/issuerCurrency.ts'
import { transactCurrency } from '../currencyCall.ts'
import type { ScripClient, Transaction } from '../transact.ts'
import type { TransferFundsRequest } from './signTransferFunds.ts'

/**
 * Brings a signed transferFundsRequest to the chain; one that was carried out before changes nothing.
 * `IssuerCurrency.transferFundsWithAuthorization`; anyone may.
 * @returns The fee in base units that the payer was debited beyond the amount.
 * @throws `UNKNOWN_CURRENCY`, `INSUFFICIENT_BALANCE`, `TRANSACTION_REVERTED` with `InvalidSignature`, `MessageExpired` or
 * `MessageCounterConflict`, and what `transact` throws
 */
export async function relayTransferFunds(
  client: ScripClient,
  { request }: { request: TransferFundsRequest },
): Promise<Transaction & { fee: bigint }> {
  const { currency, from, recipient, amount, transactionId, messageCounter, validBefore, signature } = request
  const args = [from, recipient, amount, transactionId, messageCounter, validBefore, signature] as const
  const { result, ...transaction } = await transactCurrency(client, currency, 'transferFundsWithAuthorization', args)
  return {
    fee: decodeFunctionResult({ abi, functionName: 'transferFundsWithAuthorization', data: result }),
    ...transaction,
  }
}
