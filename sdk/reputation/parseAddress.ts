import type { Address } from 'viem'
import { ScripError } from '../errors/ScripError.ts'

const ADDRESS = /^0x[0-9a-f]{40}$/

/**
 * An address in lower case, the one spelling within a graph: upper and lower case carry a checksum, not another identity.
 *
 * @param name What the address is to the caller, for the error.
 * @throws INVALID_ARGUMENT if it is not 0x and 40 hexadecimal digits.
 */
export function parseAddress(address: Address, name: string): Address {
  const lower = typeof address === 'string' ? address.toLowerCase() : ''
  if (!ADDRESS.test(lower)) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: `\`${name}\` is not an address`,
      hint: 'Give 0x and 40 hexadecimal digits.',
      values: { [name]: address },
    })
  }
  return lower as Address
}
