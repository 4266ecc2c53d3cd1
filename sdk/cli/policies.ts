import type { Address } from 'viem'
import type { PolicyTree } from '../chain/actions/policyProof.ts'
import { addresses } from '../chain/addresses.ts'
import { isSame } from './network.ts'
import { parseAddress } from './parse.ts'

const policies: readonly (readonly [name: string, address: Address])[] = [
  ['ratio', addresses.ratioPolicy],
  ['flow', addresses.flowPolicy],
  ['bond', addresses.bondPolicy],
]

/** A policy by its name or its address. @throws `INVALID_ARGUMENT` */
export function policyAddress(text: string): Address {
  return policies.find(([name]) => name === text)?.[1] ?? parseAddress(text, 'policy')
}

/** What a network admits by, as people say it. */
export function policyWords({ policy, parts }: PolicyTree): string {
  if (parts === undefined) return policies.find(([, address]) => isSame(address, policy))?.[0] ?? policy
  const words = parts.map((part) => (part.parts === undefined ? policyWords(part) : `(${policyWords(part)})`))
  return words.join(isSame(policy, addresses.anyOfPolicy) ? ' or ' : ' and ')
}
