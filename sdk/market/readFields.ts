import type { Address, Hex } from 'viem'
import { MAX_TOTAL } from '../channels/Channel.ts'
import type { ErrorCode } from '../errors/codes.ts'
import { ScripError } from '../errors/ScripError.ts'

/** Reads what a stranger sent as JSON, field by field: each is what its name says, or the whole is refused. */
export type Fields = {
  address(name: string): Address
  /** So many bytes of hexadecimal, in lower case. */
  bytes(name: string, size: number): Hex
  /** A price in base units: from 1 to 2^96−1. */
  price(name: string): bigint
  whole(name: string, least: number, most?: number): number
  /** Text of a line. */
  text(name: string, longest: number): string
  /** What is in a list of one to `most`. */
  list<Item>(name: string, most: number, read: (item: unknown) => Item): Item[]
  object(name: string): unknown
}

/** Unix seconds that fit into 40 bits. */
export const MOST_SECONDS = 2 ** 40 - 1

/** The fields of a value. @throws `code` where it is no object, and by each reader where a field is not what it should be */
export function readFields(value: unknown, code: ErrorCode): Fields {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  const fields = (isObject ? value : {}) as { [name: string]: unknown }
  const refuse = (name: string, what: string): ScripError => {
    const given = String(fields[name])
      .replace(/\p{Cc}+/gu, ' ')
      .slice(0, 80)
    return new ScripError(code, { detail: `${name} is no ${what}: ${given}.`, values: { field: name, given } })
  }
  if (!isObject) throw new ScripError(code, { detail: 'It is no JSON object.' })
  const matching = (name: string, pattern: RegExp, what: string): string => {
    const text = fields[name]
    if (typeof text === 'string' && pattern.test(text)) return text
    throw refuse(name, what)
  }
  return {
    address: (name) => matching(name, /^0x[0-9a-f]{40}$/i, 'address').toLowerCase() as Address,
    bytes: (name, size) => matching(name, new RegExp(`^0x[0-9a-f]{${2 * size}}$`), `${size} bytes`) as Hex,
    price: (name) => {
      const amount = BigInt(matching(name, /^[1-9]\d{0,28}$/, 'price from 1 to 2^96−1'))
      if (amount > MAX_TOTAL) throw refuse(name, 'price from 1 to 2^96−1')
      return amount
    },
    whole: (name, least, most = Number.MAX_SAFE_INTEGER) => {
      const number = fields[name]
      const fits = Number.isSafeInteger(number) && Number(number) >= least && Number(number) <= most
      if (!fits) throw refuse(name, `whole number from ${least} to ${most}`)
      return Number(number)
    },
    text: (name, longest) => {
      const text = fields[name]
      const fits = typeof text === 'string' && text.length > 0 && text.length <= longest && !/\p{Cc}/u.test(text)
      if (!fits) throw refuse(name, `line of 1 to ${longest} characters`)
      return text
    },
    list: (name, most, read) => {
      const items = fields[name]
      if (!Array.isArray(items) || items.length === 0 || items.length > most) throw refuse(name, `list of 1 to ${most}`)
      return items.map(read)
    },
    object: (name) => fields[name],
  }
}

/** A JSON text's value. @throws `code` */
export function parseJson(text: string, code: ErrorCode): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ScripError(code, { detail: 'It is no JSON.', cause })
  }
}

/** JSON, with amounts as decimal strings. */
export function writeJson(value: object): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? part.toString() : part))
}
