import type { Address, ContractFunctionArgs, ContractFunctionName, Hex } from 'viem'
import { interactionHistoryAbi as abi } from '../abi/interactionHistory.ts'
import { addresses } from './addresses.ts'
import { encodeCall } from './encodeCall.ts'
import type { SignedReceipt } from './Receipt.ts'
import type { ContractCall } from './transact.ts'

type Writing = ContractFunctionName<typeof abi, 'nonpayable'>

/** A call of the history contract. @throws `INVALID_ARGUMENT` where an argument does not fit into its type */
export function historyCall<const Name extends Writing>(
  functionName: Name,
  args: ContractFunctionArgs<typeof abi, 'nonpayable', Name>,
): ContractCall {
  // The two generic signatures meet in a type that TypeScript cannot reduce; `args` was checked just above.
  const data: Hex = encodeCall({ abi, functionName, args } as Parameters<typeof encodeCall>[0])
  return { to: addresses.interactionHistory as Address, abi, data }
}

/** A signed receipt as the contract takes it, without whatever else the object carries. */
export function receiptArgument({ receipt, consumerSig, providerSig }: SignedReceipt): SignedReceipt {
  const { networkId, consumer, provider, served, count } = receipt
  return { receipt: { networkId, consumer, provider, served, count }, consumerSig, providerSig }
}
