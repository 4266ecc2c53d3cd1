import { bytesToHex, hexToBytes } from '@noble/hashes/utils'
import type { Hex } from 'viem'
import { ScripError } from '../errors/ScripError.ts'

/** Bytes as lower-case hexadecimal with 0x. */
export function toHex(bytes: Uint8Array): Hex {
  return `0x${bytesToHex(bytes)}`
}

/** The bytes of a hexadecimal string with 0x. */
export function fromHex(hex: Hex): Uint8Array {
  return hexToBytes(hex.slice(2))
}

/**
 * A number as `size` big-endian bytes.
 * @throws `INVALID_ARGUMENT` where it does not fit
 */
export function fromNumber(value: bigint | number, size: number): Uint8Array {
  const digits = value.toString(16)
  if (digits.length > 2 * size || !/^[0-9a-f]+$/.test(digits)) {
    throw new ScripError('INVALID_ARGUMENT', { detail: `${value} does not fit into ${size} bytes.`, values: { value } })
  }
  return hexToBytes(digits.padStart(2 * size, '0'))
}

/** Big-endian bytes as a number. */
export function toNumber(bytes: Uint8Array): bigint {
  return BigInt(toHex(bytes))
}
