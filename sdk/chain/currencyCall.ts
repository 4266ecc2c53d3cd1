import type { Address, ContractFunctionArgs, ContractFunctionName } from 'viem'
import { issuerCurrencyAbi as abi } from '../abi/issuerCurrency.ts'
import { encodeCall } from './encodeCall.ts'
import { requireCurrency } from './requireCurrency.ts'
import { type ScripClient, type Transaction, transact } from './transact.ts'

type Writing = ContractFunctionName<typeof abi, 'nonpayable'>

/**
 * Sends a call of a currency's contract. `result` is what the function returned, ABI-encoded.
 * @throws `UNKNOWN_CURRENCY`, and what `transact` throws
 */
export async function transactCurrency<const Name extends Writing>(
  client: ScripClient,
  currency: Address,
  functionName: Name,
  args: ContractFunctionArgs<typeof abi, 'nonpayable', Name>,
): Promise<Transaction & { result: `0x${string}` }> {
  await requireCurrency(client, currency)
  // The two generic signatures meet in a type that TypeScript cannot reduce; `args` was checked just above.
  const data = encodeCall({ abi, functionName, args } as Parameters<typeof encodeCall>[0])
  return transact(client, { to: currency, abi, data })
}
