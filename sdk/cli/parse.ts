import { type Address, getAddress, type Hex, isAddress, keccak256, parseGwei, parseUnits, stringToBytes } from 'viem'
import { MAX_TOTAL } from '../channels/Channel.ts'
import { ScripError } from '../errors/ScripError.ts'
import { readInputFile } from './inputFile.ts'

/** An address, with its checksum. @throws `INVALID_ARGUMENT` */
export function parseAddress(value: string, what: string): Address {
  if (isAddress(value, { strict: false })) return getAddress(value)
  throw new ScripError('INVALID_ARGUMENT', {
    detail: `${what} is no address: ${value}.`,
    hint: 'Give 0x and 40 hexadecimal digits.',
    values: { [what]: value },
  })
}

/** An amount above 0 in a currency's own unit, as base units. @throws `INVALID_ARGUMENT` */
export function parseAmount(value: string, decimals: number, what = 'amount'): bigint {
  const amount = parseFee(value, decimals, what)
  if (amount > 0n) return amount
  throw notAmount(value, decimals, what)
}

/** An amount from 0 in a currency's own unit, as base units. @throws `INVALID_ARGUMENT` */
export function parseFee(value: string, decimals: number, what: string): bigint {
  const fraction = value.split('.')[1] ?? ''
  if (!/^\d+(\.\d+)?$/.test(value) || fraction.length > decimals) throw notAmount(value, decimals, what)
  const amount = parseUnits(value, decimals)
  // More than that no currency can hold.
  if (amount > MAX_TOTAL) throw notAmount(value, decimals, what)
  return amount
}

function notAmount(value: string, decimals: number, what: string): ScripError {
  return new ScripError('INVALID_ARGUMENT', {
    detail: `${what} is no amount of this currency: ${value}.`,
    hint: `Give a number above 0 with at most ${decimals} decimals, as in 12.5.`,
    values: { [what]: value, decimals },
  })
}

/** Decimals of ratios and weights on chain. */
export const FACTOR_DECIMALS = 18

/** A ratio or a weight, `0.5`, as the contracts take it: 1e18 is 1. @throws `INVALID_ARGUMENT` */
export function parseFactor(value: string, what: string): bigint {
  if (/^\d{1,10}(\.\d{1,18})?$/.test(value)) return parseUnits(value, FACTOR_DECIMALS)
  throw new ScripError('INVALID_ARGUMENT', {
    detail: `${what} is no number that can be used: ${value}.`,
    hint: `Give a number with at most ${FACTOR_DECIMALS} decimals, as in 0.5.`,
    values: { [what]: value },
  })
}

/** A whole number from 0 to `most`. @throws `INVALID_ARGUMENT` */
export function parseWhole(value: string, what: string, most = Number.MAX_SAFE_INTEGER): number {
  const number = Number(value)
  if (/^\d+$/.test(value) && number <= most) return number
  throw new ScripError('INVALID_ARGUMENT', {
    detail: `${what} is no whole number that can be used: ${value}.`,
    hint: `Give a whole number${most === Number.MAX_SAFE_INTEGER ? '' : ` from 0 to ${most}`}.`,
    values: { [what]: value },
  })
}

const BYTE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
}

/** A number of bytes: `1GB`, `512MiB`, `4096`. @throws `INVALID_ARGUMENT` */
export function parseBytes(value: string, what: string): number {
  const [, digits = '', unit = 'B'] = /^(\d{1,15}(?:\.\d{1,3})?)([a-z]*)$/i.exec(value) ?? []
  const bytes = Number(digits) * (BYTE_UNITS[unit.toUpperCase() || 'B'] ?? Number.NaN)
  if (digits !== '' && Number.isSafeInteger(bytes) && bytes > 0) return bytes
  throw new ScripError('INVALID_ARGUMENT', {
    detail: `${what} is no number of bytes: ${value}.`,
    hint: 'Give a number with or without a unit, as in 1GB, 512MiB or 4096.',
    values: { [what]: value },
  })
}

const TIME_UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }

/** A time in seconds: `14d`, `12h`, `90s`. @throws `INVALID_ARGUMENT` */
export function parseTime(value: string, what: string): number {
  const [, digits, unit = 's'] = /^([1-9]\d{0,9})([smhd])$/.exec(value) ?? []
  if (digits !== undefined) return Number(digits) * (TIME_UNITS[unit] as number)
  throw new ScripError('INVALID_ARGUMENT', {
    detail: `${what} is no time: ${value}.`,
    hint: 'Give a number and s, m, h or d, as in 14d.',
    values: { [what]: value },
  })
}

/** The most to pay for a unit of gas, given in gwei, as wei. @throws `INVALID_ARGUMENT` */
export function parseGasPrice(value: string): bigint {
  if (/^\d{1,9}(\.\d{1,9})?$/.test(value) && parseGwei(value) > 0n) return parseGwei(value)
  throw new ScripError('INVALID_ARGUMENT', {
    detail: `max-gas-price is no price: ${value}.`,
    hint: 'Give gwei, as in 30 or 0.05.',
    values: { 'max-gas-price': value },
  })
}

/** A network's number. @throws `INVALID_ARGUMENT` */
export function parseNetwork({ network }: { network: string }): bigint {
  return BigInt(parseWhole(network, 'network'))
}

/** An address of the web. It is not repeated where it is none: that of an RPC may hold a secret. @throws `INVALID_ARGUMENT` */
export function parseUrl(value: string, what: string): URL {
  const url = URL.parse(value)
  if (url !== null && /^https?:$/.test(url.protocol)) return url
  throw new ScripError('INVALID_ARGUMENT', {
    detail: `${what} is no address of the web.`,
    hint: 'Give http://… or https://….',
  })
}

/**
 * The hash of what the chain only keeps the hash of: of a text, or of a file after `@`. Where the hash itself is given, that.
 * @throws `INVALID_ARGUMENT`, `FILE_NOT_FOUND`
 */
export function parseContent(value: string, what: string): Hex {
  if (/^0x[0-9a-f]{64}$/i.test(value)) return value.toLowerCase() as Hex
  // Half a hash is a slip, and hashing it again would hide it.
  if (value !== '' && !/^0x/i.test(value)) {
    return keccak256(value.startsWith('@') ? readInputFile(value.slice(1)) : stringToBytes(value))
  }
  throw new ScripError('INVALID_ARGUMENT', {
    detail: `${what} is neither text nor a hash: ${value}.`,
    hint: 'Give text, @ and the name of a file, or a hash: 0x and 64 hexadecimal digits.',
    values: { [what]: value },
  })
}
