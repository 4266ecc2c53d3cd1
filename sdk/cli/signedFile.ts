import { type Address, type Hex, isAddress, isHex, size } from 'viem'
import type { Permit } from '../chain/actions/signPermit.ts'
import type { TransferAuthorization } from '../chain/actions/signTransferAuthorization.ts'
import { ScripError } from '../errors/ScripError.ts'
import { readInput } from './inputFile.ts'

/** What somebody signed for somebody else to bring to the chain, and where it holds. */
export type Signed = { readonly chainId: number; readonly currency: Address } & (
  | ({ readonly kind: 'transfer' } & TransferAuthorization)
  | ({ readonly kind: 'permit' } & Permit)
)

/**
 * What was signed, from a file, `-` for what is piped in, or as the JSON itself.
 * @throws `FILE_NOT_FOUND`, `INVALID_ARGUMENT` that names the field
 */
export async function readSigned(source: string): Promise<Signed> {
  const fields = readFields(source.startsWith('{') ? source : (await readInput(source)).toString('utf8'))
  const read = <Value>(field: string, what: string, parse: (value: unknown) => Value | undefined): Value => {
    const parsed = parse(fields.get(field))
    if (parsed === undefined) throw unreadable(`${field} is no ${what}`)
    return parsed
  }
  const address = (field: string) =>
    read(field, 'address', (value) => (typeof value === 'string' && isAddress(value) ? value : undefined))
  const bytes = (field: string) => read(field, 'hexadecimal', (value) => (isHex(value) ? value : undefined))
  const word = (field: string) =>
    read(field, '32 bytes', (value) => (isHex(value) && size(value) === 32 ? (value as Hex) : undefined))
  const number = (field: string) =>
    read(field, 'whole number', (value) =>
      /^\d{1,78}$/.test(String(value)) ? BigInt(value as string | number) : undefined,
    )

  const place = { chainId: Number(number('chainId')), currency: address('currency') }
  const kind = fields.get('kind')
  if (kind === 'permit') {
    const [owner, spender] = [address('owner'), address('spender')]
    const [value, deadline, v] = [number('value'), number('deadline'), Number(number('v'))]
    return { ...place, kind, owner, spender, value, deadline, v, r: word('r'), s: word('s') }
  }
  if (kind === 'transfer') {
    const [from, to, value] = [address('from'), address('to'), number('value')]
    const [validAfter, validBefore, nonce] = [number('validAfter'), number('validBefore'), word('nonce')]
    const receiveOnly = fields.get('receiveOnly') === true
    return {
      ...place,
      kind,
      from,
      to,
      value,
      validAfter,
      validBefore,
      nonce,
      receiveOnly,
      signature: bytes('signature'),
    }
  }
  throw unreadable('kind is neither transfer nor permit')
}

function readFields(text: string): Map<string, unknown> {
  try {
    return new Map(Object.entries(JSON.parse(text)))
  } catch {
    throw unreadable('it is no JSON object')
  }
}

function unreadable(why: string): ScripError {
  return new ScripError('INVALID_ARGUMENT', {
    detail: `What is signed cannot be read: ${why}.`,
    hint: 'Pass what `scrip authorization transfer` or `permit` printed, unchanged.',
  })
}
