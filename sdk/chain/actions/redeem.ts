import { type Address, decodeFunctionResult, type Hex } from 'viem'
import { issuerCurrencyAbi as abi } from '../../abi/issuerCurrency.ts'
import { transactCurrency } from '../currencyCall.ts'
import type { ScripClient, Transaction } from '../transact.ts'

/**
 * Hands base units back to the issuer for what it promised; they are locked until it is decided. `IssuerCurrency.redeem`.
 * @param parameters `termsHash`: what is asked for, agreed elsewhere, 32 bytes.
 * @throws `UNKNOWN_CURRENCY`, `INSUFFICIENT_BALANCE`, `TRANSACTION_REVERTED` with `RedemptionNotOffered` or
 * `InvalidRedemption`, and what `transact` throws
 */
export async function redeem(
  client: ScripClient,
  { currency, amount, termsHash }: { currency: Address; amount: bigint; termsHash: Hex },
): Promise<Transaction & { id: bigint }> {
  const { result, ...transaction } = await transactCurrency(client, currency, 'redeem', [amount, termsHash])
  return { id: decodeFunctionResult({ abi, functionName: 'redeem', data: result }), ...transaction }
}
