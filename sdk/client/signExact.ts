import { type Address, domainSeparator, erc20Abi, type Hex, parseAbi } from 'viem'
import { getChainId, readContract, signTypedData } from 'viem/actions'
import { currencyMessages } from '../chain/currencyMessages.ts'
import { randomBytes32 } from '../chain/randomBytes32.ts'
import { accountOf, guarded, type ScripClient } from '../chain/transact.ts'
import { ScripError } from '../errors/ScripError.ts'
import type { ExactTerms } from '../http/x402.ts'

/** What a payer sends by the scheme `exact`: an ERC-3009 authorization, numbers decimal. */
export type ExactPayload = {
  readonly authorization: {
    readonly from: Address
    readonly to: Address
    readonly value: string
    readonly validAfter: string
    readonly validBefore: string
    readonly nonce: Hex
  }
  readonly signature: Hex
}

const abi = [
  ...erc20Abi,
  ...parseAbi([
    'function DOMAIN_SEPARATOR() view returns (bytes32)',
    'function eip712Domain() view returns (bytes1, string name, string version, uint256, address, bytes32, uint256[])',
  ]),
] as const

/** How long an authorization holds at most, in seconds: a peer that is slower than that does not mean to serve. */
const LONGEST = 600

/**
 * Signs a payment of exactly the price from the client's account. Nothing is sent: whoever holds it can carry it out once,
 * to the payee, before its time is over. `beforeSigning` is the last word: where it throws, nothing is signed.
 * @throws `WRONG_CHAIN`, `PROTOCOL_VIOLATION` where the token's domain is not what the server says, `INSUFFICIENT_BALANCE`,
 * `KEY_MISSING`, `RPC_UNREACHABLE`
 */
export async function signExact(
  client: ScripClient,
  terms: ExactTerms,
  beforeSigning: () => Promise<void>,
): Promise<ExactPayload> {
  const { chainId, asset, payTo, amount, seconds, name, version } = terms
  const account = accountOf(client)
  const domain = { name, version, chainId, verifyingContract: asset }
  const token = { address: asset, abi } as const
  const present = await guarded(abi, () => getChainId(client))
  if (present !== chainId) {
    throw new ScripError('WRONG_CHAIN', {
      detail: `The server is paid on chain ${chainId}; the client is on ${present}.`,
      values: { expected: chainId, chainId: present },
    })
  }
  if ((await separatorOf(client, asset, chainId)) !== domainSeparator({ domain })) {
    throw new ScripError('PROTOCOL_VIOLATION', {
      detail: `The token ${asset} is not ${name}, version ${version}, as the server says.`,
      values: { asset, name, version },
    })
  }
  const balance = await guarded(abi, () =>
    readContract(client, { ...token, functionName: 'balanceOf', args: [account.address] }),
  )
  if (balance < amount) {
    throw new ScripError('INSUFFICIENT_BALANCE', {
      detail: `The price is ${amount} base units; the account holds ${balance} of ${asset}.`,
      values: { currency: asset, balance, needed: amount },
    })
  }
  const validBefore = BigInt(Math.floor(Date.now() / 1_000 + Math.min(seconds, LONGEST)))
  const message = {
    from: account.address,
    to: payTo,
    value: amount,
    validAfter: 0n,
    validBefore,
    nonce: randomBytes32(),
  }
  const { TransferWithAuthorization } = currencyMessages
  await beforeSigning()
  const signature = await signTypedData(client, {
    account,
    domain,
    types: { TransferWithAuthorization },
    primaryType: 'TransferWithAuthorization',
    message,
  })
  const authorization = {
    ...message,
    value: `${amount}`,
    validAfter: '0',
    validBefore: `${validBefore}`,
  }
  return { authorization, signature }
}

/** The domain in which a token's authorizations are signed, by whichever of the two ways the token tells it. */
async function separatorOf(client: ScripClient, asset: Address, chainId: number): Promise<Hex | undefined> {
  const token = { address: asset, abi } as const
  const told = await ask(() => readContract(client, { ...token, functionName: 'DOMAIN_SEPARATOR' }))
  if (told !== undefined) return told
  const domain = await ask(() => readContract(client, { ...token, functionName: 'eip712Domain' }))
  if (domain === undefined) return undefined
  const [, name, version] = domain
  return domainSeparator({ domain: { name, version, chainId, verifyingContract: asset } })
}

/** What a contract answers; nothing where it has no such function. */
async function ask<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await guarded(abi, work)
  } catch (error) {
    if (error instanceof ScripError && error.code === 'RPC_UNREACHABLE') throw error
    return undefined
  }
}
