import type { Hex } from 'viem'
import { ScripError } from '../errors/ScripError.ts'

/** Two hexadecimal digits for each byte. */
const pairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

const NO_DIGIT = 0xff

/** The value of each hexadecimal digit by its character code. */
const digits = new Uint8Array(128).fill(NO_DIGIT)
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16)
  digits[digit.charCodeAt(0)] = value
  digits[digit.toUpperCase().charCodeAt(0)] = value
}

/** Bytes as lower-case hexadecimal with 0x. */
export function toHex(bytes: Uint8Array): Hex {
  let hex: Hex = '0x'
  for (let at = 0; at < bytes.length; at++) hex += pairs[bytes[at] as number]
  return hex as Hex
}

/**
 * The bytes of a hexadecimal string with 0x.
 * @throws `INVALID_ARGUMENT` where it is none
 */
export function fromHex(hex: Hex): Uint8Array {
  const bytes = new Uint8Array(Math.max(0, (hex.length >> 1) - 1))
  if (!writeHex(hex, bytes, 0, bytes.length)) {
    throw new ScripError('INVALID_ARGUMENT', { detail: 'Bytes are hexadecimal after 0x, two digits each.' })
  }
  return bytes
}

/** Writes the `size` bytes of a hexadecimal string with 0x into others. Returns whether the string is just that. */
export function writeHex(hex: Hex, into: Uint8Array, at: number, size: number): boolean {
  if (hex.length !== 2 * size + 2 || !hex.startsWith('0x')) return false
  let seen = 0
  for (let index = 0; index < size; index++) {
    const high = digitAt(hex, 2 * index + 2)
    const low = digitAt(hex, 2 * index + 3)
    seen |= high | low
    into[at + index] = (high << 4) | low
  }
  return seen < 16
}

/** Whether a hexadecimal string with 0x stands for just the `size` bytes that lie there. */
export function equalsHex(hex: Hex, bytes: Uint8Array, at: number, size: number): boolean {
  if (hex.length !== 2 * size + 2) return false
  let difference = 0
  for (let index = 0; index < size; index++) {
    const byte = (digitAt(hex, 2 * index + 2) << 4) | digitAt(hex, 2 * index + 3)
    difference |= byte ^ (bytes[at + index] as number)
  }
  return difference === 0
}

function digitAt(hex: string, index: number): number {
  return digits[hex.charCodeAt(index)] ?? NO_DIGIT
}

/**
 * A number as `size` big-endian bytes.
 * @throws `INVALID_ARGUMENT` where it does not fit
 */
export function fromNumber(value: bigint | number, size: number): Uint8Array {
  const text = value.toString(16)
  if (text.length > 2 * size || !/^[0-9a-f]+$/.test(text)) {
    throw new ScripError('INVALID_ARGUMENT', { detail: `${value} does not fit into ${size} bytes.`, values: { value } })
  }
  return fromHex(`0x${text.padStart(2 * size, '0')}`)
}

/** Big-endian bytes as a number. */
export function toNumber(bytes: Uint8Array): bigint {
  return BigInt(toHex(bytes))
}
