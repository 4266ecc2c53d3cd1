import type { Address } from 'viem'
import { issuerCurrencyAbi as abi } from '../../abi/issuerCurrency.ts'
import { transactCurrency } from '../currencyCall.ts'
import { encodeCall } from '../encodeCall.ts'
import type { ScripClient, Transaction } from '../transact.ts'

/**
 * Creates base units of a currency for many holders in one transaction: all get theirs, or nobody does. Issuer only.
 * `IssuerCurrency.mint` through `multicall`.
 * @throws `UNKNOWN_CURRENCY`, `TRANSACTION_REVERTED` with `OnlyIssuer` or `SupplyCapExceeded`, and what `transact` throws
 */
export async function mintMany(
  client: ScripClient,
  { currency, grants }: { currency: Address; grants: readonly { to: Address; amount: bigint }[] },
): Promise<Transaction> {
  const calls = grants.map(({ to, amount }) => encodeCall({ abi, functionName: 'mint', args: [to, amount] }))
  const { hash, receipt } = await transactCurrency(client, currency, 'multicall', [calls])
  return { hash, receipt }
}
