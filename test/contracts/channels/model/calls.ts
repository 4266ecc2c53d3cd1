import type { paymentChannelsAbi } from '@scrip/sdk/abi'
import type { Address, ContractFunctionArgs, ContractFunctionName } from 'viem'

type Abi = typeof paymentChannelsAbi
export type FunctionName = ContractFunctionName<Abi, 'nonpayable'>

export type Channel = ContractFunctionArgs<Abi, 'nonpayable', 'fund'>[0]
export type Claim = ContractFunctionArgs<Abi, 'nonpayable', 'claim'>[0]

type PlainCall<Name extends FunctionName> = { name: Name; args: ContractFunctionArgs<Abi, 'nonpayable', Name> }
type PlainCalls = { [Name in Exclude<FunctionName, 'multicall'>]: PlainCall<Name> }

/** A call of `PaymentChannels`; those within a multicall are kept readable. */
export type Call = PlainCalls[keyof PlainCalls] | { name: 'multicall'; calls: readonly Call[] }

/** In the order of `HostileToken.Mood`. */
export const moods = [
  'Honest',
  'TakesFee',
  'ReturnsFalse',
  'ReturnsNothing',
  'Reenters',
  'PretendsToMove',
  'LiesAboutBalances',
  'BurnsGas',
  'Refuses',
] as const
export type Mood = (typeof moods)[number]

/** What happens to a token apart from the channels. */
export type TokenCall =
  | { name: 'approve'; amount: bigint }
  | { name: 'transfer'; to: Address; amount: bigint }
  | { name: 'setMood'; mood: Mood }
  | { name: 'setReentry'; call: Call }
  | { name: 'shrink'; account: Address; amount: bigint }

/** One transaction: by whom, in the block of which second, on the channels or on a token. */
export type Step = { at: number; from: Address } & ({ call: Call } | { token: Address; call: TokenCall })

/** An error or event with its values, or a result, as text: both sides are compared in this form. */
export function said(name: string, ...values: readonly unknown[]): string {
  return `${name}(${values.map(text).join(', ')})`
}

export function text(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(text).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    return `{ ${Object.entries(value)
      .map(([key, field]) => `${key}: ${text(field)}`)
      .join(', ')} }`
  }
  return typeof value === 'string' && value.startsWith('0x') ? value.toLowerCase() : String(value)
}
