import { concatBytes, utf8ToBytes } from '@noble/hashes/utils'
import type { Address, Hex } from 'viem'
import { ScripError } from '../errors/ScripError.ts'
import { fromHex, fromNumber, toHex, writeHex } from './bytes.ts'
import type { Channel, VoucherTerms } from './Channel.ts'
import { DIGEST, INPUT, keccak, keccak256, VOUCHER } from './crypto/Keccak.ts'

const { scratch } = keccak
const view = new DataView(scratch.buffer, scratch.byteOffset, scratch.length)

const hashText = (text: string) => keccak256(utf8ToBytes(text))

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

// What no voucher changes: the type at the head of its words, and the two bytes before a domain separator.
scratch.set(voucherType, VOUCHER)
scratch.set([0x19, 0x01], DIGEST)
const SEPARATOR = DIGEST + 2
const STRUCT_HASH = SEPARATOR + 32

/** Whose domain separator lies in place. Descriptors come from strangers, so only the last one is remembered. */
let domain: { chainId: number; contract: Address } | undefined

/** Puts the EIP-712 domain separator of a `PaymentChannels` contract in place. */
function useDomain(chainId: number, contract: Address): void {
  if (domain?.chainId === chainId && domain.contract === contract) return
  const separator = keccak256(concatBytes(domainType, domainName, domainVersion, word(chainId), addressWord(contract)))
  scratch.set(separator, SEPARATOR)
  domain = { chainId, contract }
}

/** The EIP-712 hash of what the struct hash in place stands for, under a contract's domain. */
function typedDataHash(chainId: number, contract: Address): Uint8Array {
  useDomain(chainId, contract)
  keccak.hash(DIGEST, 66, INPUT)
  return scratch.slice(INPUT, INPUT + 32)
}

/** The channel's id: the EIP-712 hash of its descriptor under its contract's domain. `PaymentChannels.channelId`. */
export function channelId(channel: Omit<Channel, 'id'>): Hex {
  const structHash = keccak256(
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
  scratch.set(structHash, STRUCT_HASH)
  return toHex(typedDataHash(channel.chainId, channel.contract))
}

/**
 * What the signer of a voucher signs: the EIP-712 hash of the voucher under the contract's domain.
 * @throws `INVALID_ARGUMENT` where a field does not fit its type
 */
export function voucherDigest(channel: Channel, voucher: VoucherTerms): Uint8Array {
  writeWord(channel.id, 1)
  writeUint96(voucher.total, 2)
  writeWord(voucher.tickRoot, 3)
  writeUint96(voucher.tickAmount, 4)
  writeUint32(voucher.maxTicks, 5)
  keccak.hash(VOUCHER, 6 * 32, STRUCT_HASH)
  return typedDataHash(channel.chainId, channel.contract)
}

/** Writes 32 bytes into the nth word of the voucher. */
function writeWord(value: Hex, index: number): void {
  if (!writeHex(value, scratch, VOUCHER + index * 32, 32)) throw unfit(value, 'bytes32')
}

/** Writes an amount into the nth word of the voucher, whose first 20 bytes stay zero. */
function writeUint96(value: bigint, index: number): void {
  if (value < 0n || value >> 96n !== 0n) throw unfit(value, 'uint96')
  view.setUint32(VOUCHER + index * 32 + 20, Number(value >> 64n))
  view.setBigUint64(VOUCHER + index * 32 + 24, value)
}

/** Writes a count into the nth word of the voucher, whose first 28 bytes stay zero. */
function writeUint32(value: number, index: number): void {
  if (value >>> 0 !== value) throw unfit(value, 'uint32')
  view.setUint32(VOUCHER + index * 32 + 28, value)
}

function unfit(value: Hex | bigint | number, type: string): ScripError {
  return new ScripError('INVALID_ARGUMENT', { detail: `${value} is no ${type}.`, values: { value } })
}
