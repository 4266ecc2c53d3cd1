import { type Address, decodeFunctionResult, type Hex } from 'viem'
import { issuerCurrencyAbi as abi } from '../../abi/issuerCurrency.ts'
import { encodeCall } from '../encodeCall.ts'
import { randomBytes32 } from '../randomBytes32.ts'
import { requireCurrency } from '../requireCurrency.ts'
import { type ScripClient, type Transaction, transact } from '../transact.ts'

/** What `transferFunds` takes. */
export type TransferFundsParameters = {
  currency: Address
  recipient: Address
  /** Base units that the recipient gets. */
  amount: bigint
  /** What the recipient recognizes the payment by, 32 bytes; random where nothing is said. */
  transactionId?: Hex
}

/**
 * Pays through the issuer's service, its fee on top. `IssuerCurrency.transferFunds`: the transferFundsRequest of the
 * Lightweight Currency Protocol (Turner & Ross 2003).
 * @returns The fee in base units that the payer was debited beyond `amount`, and the transaction id.
 * @throws `UNKNOWN_CURRENCY`, `INSUFFICIENT_BALANCE`, and what `transact` throws
 */
export async function transferFunds(
  client: ScripClient,
  { currency, recipient, amount, transactionId = randomBytes32() }: TransferFundsParameters,
): Promise<Transaction & { fee: bigint; transactionId: Hex }> {
  await requireCurrency(client, currency)
  const data = encodeCall({ abi, functionName: 'transferFunds', args: [recipient, amount, transactionId] })
  const { result, ...transaction } = await transact(client, { to: currency, abi, data })
  return {
    fee: decodeFunctionResult({ abi, functionName: 'transferFunds', data: result }),
    transactionId,
    ...transaction,
  }
}
