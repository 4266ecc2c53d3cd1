import type { ClientEvmSigner } from '@x402/evm'
import type { Address, LocalAccount } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { signTypedData } from 'viem/experimental/erc7739'
import { deployWallet } from './contractWallets.ts'
import type { World } from './world.ts'

/** Somebody who signs typed data, and the bytes of a signature: 65, or more. */
export type Payer = ClientEvmSigner & { readonly bytes: 'plain' | 'nested' }

/** Those who have code at their address, which takes what they sign, by what they are. */
export const payersWithCode: Record<string, (world: World) => Promise<Payer>> = {
  'a contract wallet with nested signatures (ERC-7739)': async (world) => {
    const owner = newAccount()
    return nested(world, owner, await deployWallet(world.person(1), 'NestingWallet', owner.address))
  },
  'a contract wallet with plain signatures': async (world) => {
    const owner = newAccount()
    return plain(owner, await deployWallet(world.person(1), 'PlainWallet', owner.address))
  },
  'an EIP-7702 account with nested signatures, as its code wants it': async (world) => {
    const account = await delegate(world, await deployWallet(world.person(1), 'NestingCode'))
    return nested(world, account, account.address)
  },
  'an EIP-7702 account that signs plainly, as its code wants it': async (world) =>
    plain(await delegate(world, await deployWallet(world.person(1), 'PlainCode'))),
}

/** Those who sign with the key of an account whose code would not take it: x402's facilitator asks the code alone. */
export const payersAgainstTheirCode: typeof payersWithCode = {
  'an EIP-7702 account that signs plainly, though its code takes nested signatures only': async (world) =>
    plain(await delegate(world, await deployWallet(world.person(1), 'NestingCode'))),
  'an EIP-7702 account that signs plainly, though its code asks for another’s signature': async (world) =>
    plain(await delegate(world, await deployWallet(world.person(1), 'PlainWallet', newAccount().address))),
}

/** An account that nobody has used. */
export function newAccount() {
  return privateKeyToAccount(generatePrivateKey())
}

/** Signs with a key, for itself or for a wallet that it owns. */
export function plain(owner: LocalAccount, address: Address = owner.address): Payer {
  return { address, signTypedData: (typed) => owner.signTypedData(typed as never), bytes: 'plain' }
}

/** Signs with a key for a wallet, as ERC-7739 says. */
export function nested(world: World, owner: LocalAccount, address: Address): Payer {
  return {
    address,
    signTypedData: (typed) => signTypedData(world.as(owner), { ...typed, verifier: address } as never),
    bytes: 'nested',
  }
}

/** An account that has taken on the code of a contract. */
async function delegate(world: World, contract: Address): Promise<LocalAccount> {
  const account = newAccount()
  const authorization = await account.signAuthorization({ address: contract, chainId: world.chainId, nonce: 0 })
  const sponsor = world.person(1)
  const hash = await sponsor.sendTransaction({ to: sponsor.account.address, authorizationList: [authorization] })
  await sponsor.waitForTransactionReceipt({ hash })
  return account
}
