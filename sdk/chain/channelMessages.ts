import type { Address, Hex } from 'viem'
import { getChainId, signTypedData } from 'viem/actions'
import { paymentChannelsAbi as abi } from '../abi/paymentChannels.ts'
import { addresses } from './addresses.ts'
import { accountOf, guarded, type ScripClient } from './transact.ts'

/** The EIP-712 messages of owners, which others may bring to the channels contract. Vouchers are `@scrip/sdk/channels`. */
export const channelMessages = {
  RequestExit: [
    { name: 'channelId', type: 'bytes32' },
    { name: 'deadline', type: 'uint256' },
  ],
  Withdraw: [
    { name: 'owner', type: 'address' },
    { name: 'token', type: 'address' },
    { name: 'amount', type: 'uint96' },
    { name: 'to', type: 'address' },
    { name: 'nonce', type: 'bytes32' },
    { name: 'deadline', type: 'uint256' },
  ],
} as const

/** Signs one of the messages with the client's account. @throws `KEY_MISSING`, `RPC_UNREACHABLE` */
export async function signChannelMessage(
  client: ScripClient,
  primaryType: keyof typeof channelMessages,
  message: { readonly [field: string]: unknown },
): Promise<Hex> {
  const account = accountOf(client)
  const chainId = await guarded(abi, () => getChainId(client))
  const verifyingContract: Address = addresses.paymentChannels
  const domain = { name: 'Scrip Payment Channels', version: '1', chainId, verifyingContract }
  return signTypedData(client, { account, domain, types: channelMessages, primaryType, message } as never)
}
