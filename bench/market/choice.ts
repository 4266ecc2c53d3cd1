import { type Candidate, type Choice, chooseSellers } from '@scrip/sdk/market'
import type { Address } from 'viem'
import { createRandom } from './simulate.ts'

/** What sellers ask for a byte, given how often they fail: any price, one that follows safety more or less, or nearly exactly. */
export const markets: { readonly [name: string]: (failure: number, random: () => number) => number } = {
  'any price': (_, random) => 1 + random(),
  'ten prices': (_, random) => Math.ceil(10 * random()),
  'safety ± 20 %': (failure, random) => -Math.log(failure) * (0.8 + 0.4 * random()),
  'safety ± 1 %': (failure, random) => -Math.log(failure) * (0.99 + 0.02 * random()),
}

/** A market of so many sellers, of seven operators for ten. */
export function drawCandidates(count: number, pricing: (failure: number, random: () => number) => number): Candidate[] {
  const random = createRandom(7)
  return Array.from({ length: count }, (_, number) => {
    const failure = 0.002 * 250 ** random()
    const perByte = pricing(failure, random)
    const operator = String(Math.floor(random() * count * 0.7))
    const seller: Address = `0x${number.toString(16).padStart(40, '0')}`
    return { seller, operator, failure, price: (bytes) => BigInt(Math.ceil(perByte * bytes)) + 20_000n }
  })
}

/** One choice, with the milliseconds it took. */
export function timeChoice(
  candidates: readonly Candidate[],
  target: number,
): Choice & { readonly milliseconds: number } {
  const before = performance.now()
  const choice = chooseSellers(candidates, { bytes: 1_000_000, target })
  return { ...choice, milliseconds: performance.now() - before }
}
