import type { Address } from 'viem'
import type { Permit } from '../chain/actions/signPermit.ts'
import type { TransferAuthorization } from '../chain/actions/signTransferAuthorization.ts'
import { readSignedFields } from './signedFields.ts'

/** What somebody signed for somebody else to bring to the chain, and where it holds. */
export type Signed = { readonly chainId: number; readonly currency: Address } & (
  | ({ readonly kind: 'transfer' } & TransferAuthorization)
  | ({ readonly kind: 'permit' } & Permit)
)

const HINT = 'Pass what `scrip authorization transfer` or `permit` printed, unchanged.'

/**
 * What was signed, from a file, `-` for what is piped in, or as the JSON itself.
 * @throws `FILE_NOT_FOUND`, `INVALID_ARGUMENT` that names the field
 */
export async function readSigned(source: string): Promise<Signed> {
  const { get, address, bytes, word, number, unreadable } = await readSignedFields(source, HINT)
  const place = { chainId: Number(number('chainId')), currency: address('currency') }
  const kind = get('kind')
  if (kind === 'permit') {
    const [owner, spender] = [address('owner'), address('spender')]
    const [value, deadline, v] = [number('value'), number('deadline'), Number(number('v'))]
    return { ...place, kind, owner, spender, value, deadline, v, r: word('r'), s: word('s') }
  }
  if (kind === 'transfer') {
    const [from, to, value] = [address('from'), address('to'), number('value')]
    const [validAfter, validBefore, nonce] = [number('validAfter'), number('validBefore'), word('nonce')]
    const receiveOnly = get('receiveOnly') === true
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
