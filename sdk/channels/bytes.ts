import { bytesToHex, hexToBytes } from '@noble/hashes/utils'
import type { Hex } from 'viem'

/** Bytes as lower-case hexadecimal with 0x. */
export function toHex(bytes: Uint8Array): Hex {
  return `0x${bytesToHex(bytes)}`
}

/** The bytes of a hexadecimal string with 0x. */
export function fromHex(hex: Hex): Uint8Array {
  return hexToBytes(hex.slice(2))
}

/** A non-negative number as `size` big-endian bytes. The caller has checked that it fits. */
export function fromNumber(value: bigint | number, size: number): Uint8Array {
  return hexToBytes(value.toString(16).padStart(2 * size, '0'))
}

/** Big-endian bytes as a number. */
export function toNumber(bytes: Uint8Array): bigint {
  return BigInt(toHex(bytes))
}
