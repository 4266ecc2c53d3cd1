import type { Address, Hex, TypedDataDomain } from 'viem'
import { getChainId, readContract, signTypedData } from 'viem/actions'
import { issuerCurrencyAbi as abi } from '../abi/issuerCurrency.ts'
import { requireCurrency } from './requireCurrency.ts'
import { accountOf, guarded, type ScripClient } from './transact.ts'

const authorizationFields = [
  { name: 'from', type: 'address' },
  { name: 'to', type: 'address' },
  { name: 'value', type: 'uint256' },
  { name: 'validAfter', type: 'uint256' },
  { name: 'validBefore', type: 'uint256' },
  { name: 'nonce', type: 'bytes32' },
] as const

/** The EIP-712 messages that a currency takes: ERC-2612, ERC-3009, and the relayed transferFunds. */
export const currencyMessages = {
  Permit: [
    { name: 'owner', type: 'address' },
    { name: 'spender', type: 'address' },
    { name: 'value', type: 'uint256' },
    { name: 'nonce', type: 'uint256' },
    { name: 'deadline', type: 'uint256' },
  ],
  TransferWithAuthorization: authorizationFields,
  ReceiveWithAuthorization: authorizationFields,
  CancelAuthorization: [
    { name: 'authorizer', type: 'address' },
    { name: 'nonce', type: 'bytes32' },
  ],
  TransferFunds: [
    { name: 'from', type: 'address' },
    { name: 'recipient', type: 'address' },
    { name: 'amount', type: 'uint256' },
    { name: 'transactionId', type: 'bytes32' },
    { name: 'messageCounter', type: 'uint256' },
    { name: 'validBefore', type: 'uint256' },
  ],
} as const

/** A currency's EIP-712 domain on the client's chain. `eip712Domain` (ERC-5267). */
export async function currencyDomain(client: ScripClient, currency: Address): Promise<TypedDataDomain> {
  await requireCurrency(client, currency)
  return guarded(abi, async () => {
    const [chainId, name] = await Promise.all([
      getChainId(client),
      readContract(client, { address: currency, abi, functionName: 'name' }),
    ])
    return { name, version: '1', chainId, verifyingContract: currency }
  })
}

/** Signs one of the messages with the client's account. @throws `KEY_MISSING`, `UNKNOWN_CURRENCY`, `RPC_UNREACHABLE` */
export async function signCurrencyMessage(
  client: ScripClient,
  currency: Address,
  primaryType: keyof typeof currencyMessages,
  message: { readonly [field: string]: unknown },
): Promise<Hex> {
  const account = accountOf(client)
  const domain = await currencyDomain(client, currency)
  return signTypedData(client, { account, domain, types: currencyMessages, primaryType, message } as never)
}
