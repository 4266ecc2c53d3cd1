import type { Address } from 'viem'
import { ScripError } from '../errors/ScripError.ts'
import { AddressMap } from './AddressMap.ts'
import { parseAddress } from './parseAddress.ts'

/** Peers, all alike, or with a weight for each. */
export type Seeds = Iterable<Address> | ReadonlyMap<Address, number>

/**
 * What part of the trust each seed has beforehand. The parts add up to 1.
 *
 * @throws INVALID_ARGUMENT if a seed is not an address, its weight not a finite number from 0, or if no seed weighs more than 0.
 */
export function parseSeeds(seeds: Seeds): AddressMap<number> {
  const weights =
    seeds instanceof Map ? parseWeights(seeds as ReadonlyMap<Address, number>, 'seed') : new AddressMap<number>()
  if (!(seeds instanceof Map)) for (const seed of seeds as Iterable<Address>) weights.set(parseAddress(seed, 'seed'), 1)

  const total = sum(weights.values())
  if (!(total > 0 && total < Number.POSITIVE_INFINITY)) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: total > 0 ? 'The weights of the seeds add up to infinity' : 'No seed weighs more than 0',
      hint: 'Give at least one peer that is trusted beforehand, or leave `seeds` out.',
      values: { seeds: [...weights.keys()] },
    })
  }
  for (const [seed, weight] of weights) weights.set(seed, weight / total)
  return weights
}

/**
 * Numbers by address, those of other spellings added up.
 *
 * @throws INVALID_ARGUMENT if a key is not an address or a number not finite or below 0.
 */
export function parseWeights(numbers: ReadonlyMap<Address, number>, name: string): AddressMap<number> {
  const weights = new AddressMap<number>()
  for (const [peer, weight] of numbers) {
    const address = parseAddress(peer, name)
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY)) {
      throw new ScripError('INVALID_ARGUMENT', {
        detail: `The weight of a ${name} is not a finite number from 0`,
        hint: 'Leave out whom you do not trust.',
        values: { [name]: peer, weight },
      })
    }
    weights.set(address, (weights.get(address) ?? 0) + weight)
  }
  return weights
}

export function sum(values: Iterable<number>): number {
  let total = 0
  for (const value of values) total += value
  return total
}
