import type { Address } from 'viem'
import { ScripError } from '../errors/ScripError.ts'
import { parseAddress } from './parseAddress.ts'

/**
 * Where a flow begins and ends, in lower case: the sources ascending, each once.
 * @throws INVALID_ARGUMENT if one of them is not an address, if there is no source, or if the target is one.
 */
export function parseEnds(
  source: Address | readonly Address[],
  target: Address,
): { sources: Address[]; target: Address } {
  const list: readonly Address[] = Array.isArray(source) ? source : [source as Address]
  const ends = {
    sources: [...new Set(list.map((peer) => parseAddress(peer, 'source')))].sort(),
    target: parseAddress(target, 'target'),
  }
  if (ends.sources.length === 0) {
    throw new ScripError('INVALID_ARGUMENT', { detail: 'There is no source', hint: 'Give the peer that decides.' })
  }
  if (ends.sources.includes(ends.target)) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: 'The target is a source',
      hint: 'Nobody has a reputation in their own eyes: ask for that of somebody else.',
      values: { source, target },
    })
  }
  return ends
}
