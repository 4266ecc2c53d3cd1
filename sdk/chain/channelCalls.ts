import type { Address, ContractFunctionArgs, ContractFunctionName, Hex } from 'viem'
import { paymentChannelsAbi as abi } from '../abi/paymentChannels.ts'
import type { Channel, Claim } from '../channels/Channel.ts'
import { addresses } from './addresses.ts'
import { encodeCall } from './encodeCall.ts'
import type { ContractCall } from './transact.ts'

/** The part of a channel that travels in calldata. */
export function descriptor({ payer, payee, token, signer, exitDelay, flags, salt }: Channel) {
  return { payer, payee, token, signer, exitDelay, flags, salt }
}

/** A claim as the contract takes it. */
export function claimArgument({ channel, ...proof }: Claim) {
  return { channel: descriptor(channel), ...proof }
}

type Writing = ContractFunctionName<typeof abi, 'nonpayable'>

/** A call of the channels contract. */
export function channelsCall<const Name extends Writing>(
  functionName: Name,
  args: ContractFunctionArgs<typeof abi, 'nonpayable', Name>,
): ContractCall {
  // The two generic signatures meet in a type that TypeScript cannot reduce; `args` was checked just above.
  const data: Hex = encodeCall({ abi, functionName, args } as Parameters<typeof encodeCall>[0])
  return { to: addresses.paymentChannels as Address, abi, data }
}
