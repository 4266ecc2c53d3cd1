import type { Address } from 'viem'
import { ScripError } from '../errors/ScripError.ts'
import { parseAddress } from './parseAddress.ts'

/**
 * The two ends of a flow, in lower case.
 * @throws INVALID_ARGUMENT if one is not an address, or both are the same: nobody has a reputation in their own eyes.
 */
export function parsePair(source: Address, target: Address): { source: Address; target: Address } {
  const pair = { source: parseAddress(source, 'source'), target: parseAddress(target, 'target') }
  if (pair.source === pair.target) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: '`source` and `target` are the same peer',
      hint: 'Ask for the reputation of somebody else.',
      values: pair,
    })
  }
  return pair
}
