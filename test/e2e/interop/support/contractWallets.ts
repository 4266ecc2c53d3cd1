import type { Address } from 'viem'
import { deploySource } from './solidity.ts'
import type { Person } from './world.ts'

/** Deploys one of the contracts of `ContractWallets.sol`, for an owner where it takes one. */
export function deployWallet(
  person: Person,
  name: 'NestingWallet' | 'PlainWallet' | 'NestingCode' | 'PlainCode',
  ...owner: Address[]
): Promise<Address> {
  return deploySource(person, 'ContractWallets.sol', name, owner)
}
