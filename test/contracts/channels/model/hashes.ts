import { type Address, concatHex, type Hex, keccak256, numberToHex, padHex, stringToHex } from 'viem'
import type { Channel, Claim } from './calls.ts'

/** EIP-712 as its text has it, apart from the SDK's and the contract's own code. */
export type Domain = Hex

const hashText = (text: string) => keccak256(stringToHex(text))
const types = {
  domain: hashText('EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)'),
  channel: hashText(
    'Channel(address payer,address payee,address token,address signer,uint40 exitDelay,uint8 flags,bytes32 salt)',
  ),
  voucher: hashText('Voucher(bytes32 channelId,uint96 total,bytes32 tickRoot,uint96 tickAmount,uint32 maxTicks)'),
  requestExit: hashText('RequestExit(bytes32 channelId,uint256 deadline)'),
  withdraw: hashText('Withdraw(address owner,address token,uint96 amount,address to,bytes32 nonce,uint256 deadline)'),
  receive: hashText(
    'ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)',
  ),
}

/** 32 bytes: a number, or an address, or what has 32 bytes already. */
export function word(value: bigint | number | Hex): Hex {
  return typeof value === 'string' ? padHex(value, { size: 32 }) : numberToHex(value, { size: 32 })
}

const hashWords = (...values: (bigint | number | Hex)[]) => keccak256(concatHex(values.map(word)))
const digest = (domain: Domain, structHash: Hex) => keccak256(concatHex(['0x1901', domain, structHash]))

export function domainOf(name: string, chainId: number, contract: Address): Domain {
  return hashWords(types.domain, hashText(name), hashText('1'), chainId, contract)
}

const ids = new WeakMap<Channel, Hex>()

export function idOf(domain: Domain, channel: Channel): Hex {
  const known = ids.get(channel)
  if (known !== undefined) return known
  const { payer, payee, token, signer, exitDelay, flags, salt } = channel
  const id = digest(domain, hashWords(types.channel, payer, payee, token, signer, exitDelay, flags, salt))
  ids.set(channel, id)
  return id
}

export function voucherDigest(domain: Domain, id: Hex, claim: Omit<Claim, 'ticks' | 'preimage' | 'r' | 'vs'>): Hex {
  const { total, tickRoot, tickAmount, maxTicks } = claim
  return digest(domain, hashWords(types.voucher, id, total, tickRoot, tickAmount, maxTicks))
}

/** The struct hash, which is the message's nonce, too. */
export function requestExitHash(id: Hex, deadline: bigint): Hex {
  return hashWords(types.requestExit, id, deadline)
}

export function requestExitDigest(domain: Domain, id: Hex, deadline: bigint): Hex {
  return digest(domain, requestExitHash(id, deadline))
}

export function withdrawDigest(
  domain: Domain,
  owner: Address,
  token: Address,
  amount: bigint,
  to: Address,
  nonce: Hex,
  deadline: bigint,
): Hex {
  return digest(domain, hashWords(types.withdraw, owner, token, amount, to, nonce, deadline))
}

/** The nonce that binds an authorization to a channel. */
export function fundingNonce(id: Hex, salt: Hex): Hex {
  return hashWords(id, salt)
}

export function receiveDigest(
  domain: Domain,
  from: Address,
  to: Address,
  value: bigint,
  validAfter: bigint,
  validBefore: bigint,
  nonce: Hex,
): Hex {
  return digest(domain, hashWords(types.receive, from, to, value, validAfter, validBefore, nonce))
}

const following = new Map<Hex, Hex>()

/** `value` hashed `count` times. */
export function hashed(value: Hex, count: number): Hex {
  let result = value
  for (let n = 0; n < count; n++) {
    const next = following.get(result) ?? keccak256(result)
    following.set(result, next)
    result = next
  }
  return result
}
