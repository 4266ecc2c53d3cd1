import type { Address } from 'viem'
import { issuerCurrencyAbi as abi } from '../../abi/issuerCurrency.ts'
import { encodeCall } from '../encodeCall.ts'
import { requireCurrency } from '../requireCurrency.ts'
import { type ScripClient, type Transaction, transact } from '../transact.ts'

/**
 * Creates `amount` base units of a currency for `to`. Issuer only. `IssuerCurrency.mint`.
 * @throws `UNKNOWN_CURRENCY`, `TRANSACTION_REVERTED` with `OnlyIssuer` or `SupplyCapExceeded`, and what `transact` throws
 */
export async function mint(
  client: ScripClient,
  { currency, to, amount }: { currency: Address; to: Address; amount: bigint },
): Promise<Transaction> {
  await requireCurrency(client, currency)
  const data = encodeCall({ abi, functionName: 'mint', args: [to, amount] })
  const { hash, receipt } = await transact(client, { to: currency, abi, data })
  return { hash, receipt }
}
