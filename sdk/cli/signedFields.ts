import { type Address, type Hex, isAddress, isHex, size } from 'viem'
import { ScripError } from '../errors/ScripError.ts'
import { readInput } from './inputFile.ts'

/** Reads the fields of what somebody signed, each by its type. All throw `INVALID_ARGUMENT` that names the field. */
export type SignedFields = {
  /** A field as it stands; nothing where there is none. */
  get(field: string): unknown
  address(field: string): Address
  bytes(field: string): Hex
  /** 32 bytes. */
  word(field: string): Hex
  /** A whole number from 0. */
  number(field: string): bigint
  /** What to throw where the whole cannot be used. */
  unreadable(why: string): ScripError
}

/**
 * What was signed, from a file, `-` for what is piped in, or as the JSON itself. `hint` says whose output it should be.
 * @throws `FILE_NOT_FOUND`, `INVALID_ARGUMENT`
 */
export async function readSignedFields(source: string, hint: string): Promise<SignedFields> {
  const unreadable = (why: string) =>
    new ScripError('INVALID_ARGUMENT', { detail: `What is signed cannot be read: ${why}.`, hint })
  const fields = parseFields(source.startsWith('{') ? source : (await readInput(source)).toString('utf8'))
  if (fields === undefined) throw unreadable('it is no JSON object')
  const read = <Value>(field: string, what: string, parse: (value: unknown) => Value | undefined): Value => {
    const parsed = parse(fields.get(field))
    if (parsed === undefined) throw unreadable(`${field} is no ${what}`)
    return parsed
  }
  return {
    get: (field) => fields.get(field),
    address: (field) =>
      read(field, 'address', (value) => (typeof value === 'string' && isAddress(value) ? value : undefined)),
    bytes: (field) => read(field, 'hexadecimal', (value) => (isHex(value) ? value : undefined)),
    word: (field) => read(field, '32 bytes', (value) => (isHex(value) && size(value) === 32 ? value : undefined)),
    number: (field) =>
      read(field, 'whole number', (value) =>
        /^\d{1,78}$/.test(String(value)) ? BigInt(value as string | number) : undefined,
      ),
    unreadable,
  }
}

function parseFields(text: string): Map<string, unknown> | undefined {
  try {
    return new Map(Object.entries(JSON.parse(text)))
  } catch {
    return undefined
  }
}
