import { keccak_256 } from '@noble/hashes/sha3'
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils'
import type { Address, Hex } from 'viem'
import { fromHex, fromNumber, toHex } from './bytes.ts'
import type { Channel, VoucherTerms } from './Channel.ts'

const hashText = (text: string) => keccak_256(utf8ToBytes(text))

const domainType = hashText('EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)')
const domainName = hashText('Scrip Payment Channels')
const domainVersion = hashText('1')
const channelType = hashText(
  'Channel(address payer,address payee,address token,address signer,uint40 exitDelay,uint8 flags,bytes32 salt)',
)
const voucherType = hashText(
  'Voucher(bytes32 channelId,uint96 total,bytes32 tickRoot,uint96 tickAmount,uint32 maxTicks)',
)

const word = (value: bigint | number) => fromNumber(value, 32)
const addressWord = (address: Address) => concatBytes(new Uint8Array(12), fromHex(address))

const separators = new Map<string, Uint8Array>()

/** Descriptors come from strangers, who can name any chain and contract: only a few are remembered. */
const MOST_SEPARATORS = 16

/** The EIP-712 domain separator of a `PaymentChannels` contract. */
function domainSeparator(chainId: number, contract: Address): Uint8Array {
  const key = `${chainId}:${contract}`
  let separator = separators.get(key)
  if (separator === undefined) {
    separator = keccak_256(concatBytes(domainType, domainName, domainVersion, word(chainId), addressWord(contract)))
    if (separators.size === MOST_SEPARATORS) separators.clear()
    separators.set(key, separator)
  }
  return separator
}

function typedDataHash(chainId: number, contract: Address, structHash: Uint8Array): Uint8Array {
  return keccak_256(concatBytes(new Uint8Array([0x19, 0x01]), domainSeparator(chainId, contract), structHash))
}

/** The channel's id: the EIP-712 hash of its descriptor under its contract's domain. `PaymentChannels.channelId`. */
export function channelId(channel: Omit<Channel, 'id'>): Hex {
  const structHash = keccak_256(
    concatBytes(
      channelType,
      addressWord(channel.payer),
      addressWord(channel.payee),
      addressWord(channel.token),
      addressWord(channel.signer),
      word(channel.exitDelay),
      word(channel.flags),
      fromHex(channel.salt),
    ),
  )
  return toHex(typedDataHash(channel.chainId, channel.contract, structHash))
}

/** What the signer of a voucher signs: the EIP-712 hash of the voucher under the contract's domain. */
export function voucherDigest(channel: Channel, voucher: VoucherTerms): Uint8Array {
  const structHash = keccak_256(
    concatBytes(
      voucherType,
      fromHex(channel.id),
      word(voucher.total),
      fromHex(voucher.tickRoot),
      word(voucher.tickAmount),
      word(voucher.maxTicks),
    ),
  )
  return typedDataHash(channel.chainId, channel.contract, structHash)
}
