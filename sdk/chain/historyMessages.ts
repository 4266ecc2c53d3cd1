import type { Address, Hex, TypedDataDomain } from 'viem'
import { getChainId, signTypedData } from 'viem/actions'
import { interactionHistoryAbi as abi } from '../abi/interactionHistory.ts'
import { addresses } from './addresses.ts'
import { accountOf, guarded, type ScripClient } from './transact.ts'

const pair = [
  { name: 'networkId', type: 'uint256' },
  { name: 'consumer', type: 'address' },
  { name: 'provider', type: 'address' },
] as const

/** The EIP-712 messages that the history takes: what two peers state together, and what a consumer takes back. */
export const historyMessages = {
  Receipt: [...pair, { name: 'served', type: 'uint96' }, { name: 'count', type: 'uint32' }],
  Faults: [...pair, { name: 'faulted', type: 'uint96' }],
} as const

/** The history's EIP-712 domain on a chain. */
export function historyDomain(chainId: number): TypedDataDomain & { readonly verifyingContract: Address } {
  return {
    name: 'Scrip Interaction History',
    version: '1',
    chainId,
    verifyingContract: addresses.interactionHistory,
  }
}

/** Signs one of the messages with the client's account. @throws `KEY_MISSING`, `INVALID_ARGUMENT`, `RPC_UNREACHABLE` */
export async function signHistoryMessage(
  client: ScripClient,
  primaryType: keyof typeof historyMessages,
  message: { readonly [field: string]: unknown },
): Promise<Hex> {
  const account = accountOf(client)
  const chainId = await guarded(abi, () => getChainId(client))
  const domain = historyDomain(chainId)
  return guarded(abi, () =>
    signTypedData(client, { account, domain, types: historyMessages, primaryType, message } as never),
  )
}
