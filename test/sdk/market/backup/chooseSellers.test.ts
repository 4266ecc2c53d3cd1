import { ScripError } from '@scrip/sdk/errors'
import { type Candidate, chooseSellers, pieceSize } from '@scrip/sdk/market'
import { expect } from 'chai'
import fc from 'fast-check'
import type { Address } from 'viem'

type Priced = Candidate & { readonly base: bigint; readonly perByte: bigint }

const key = (number: number): Address => `0x${number.toString(16).padStart(40, '0')}`

const candidate = (number: number, failure: number, base = 1n, more: Partial<Priced> = {}): Priced => ({
  seller: key(number),
  operator: `operator ${number}`,
  failure,
  base,
  perByte: 0n,
  price(bytes) {
    return this.base + this.perByte * BigInt(bytes)
  },
  ...more,
})

const priceOf = (one: Priced, bytes: number): bigint => one.price(bytes) ?? 0n

/** Probabilities as whole numbers over 2^-53: everything below is exact. */
const ONE = 1n << 53n
const exact = (probability: number) => BigInt(probability * 2 ** 53)

/** Whether at least `needed` outlive the failures with the target's probability, by looking at every outcome. */
function survives(failures: readonly bigint[], needed: number, target: number): boolean {
  let kept = 0n
  for (let outcome = 0; outcome < 2 ** failures.length; outcome++) {
    const isKept = (index: number) => ((outcome >> index) & 1) === 1
    if (failures.filter((_, index) => isKept(index)).length < needed) continue
    kept += failures.reduce((ways, failure, index) => ways * (isKept(index) ? ONE - failure : failure), 1n)
  }
  return kept * ONE >= exact(target) * ONE ** BigInt(failures.length)
}

/** Whether two of them share a key or an operator, or are linked by others that do. */
function linked(candidates: readonly Priced[], one: number, other: number): boolean {
  const seen = new Set([one])
  for (const at of seen) {
    candidates.forEach(({ seller, operator }, index) => {
      const here = candidates[at] as Priced
      if (seller === here.seller || operator === here.operator) seen.add(index)
    })
  }
  return seen.has(other)
}

/** The price of the cheapest set, by trying all of them. */
function bruteForce(candidates: readonly Priced[], bytes: number, target: number, most: number, mostNeeded: number) {
  let best: bigint | undefined
  const failures = candidates.map(({ failure }) => exact(Math.ceil(failure * 2 ** 40) / 2 ** 40))
  for (let set = 1; set < 2 ** candidates.length; set++) {
    const chosen = [...candidates.keys()].filter((index) => (set >> index) & 1)
    if (chosen.length > most) continue
    if (chosen.some((one) => chosen.some((other) => other > one && linked(candidates, one, other)))) continue
    for (let needed = 1; needed <= Math.min(mostNeeded, chosen.length); needed++) {
      const price = chosen.reduce((sum, index) => {
        return sum + priceOf(candidates[index] as Priced, pieceSize(bytes, needed))
      }, 0n)
      if (best !== undefined && price >= best) continue
      if (
        survives(
          chosen.map((index) => failures[index] as bigint),
          needed,
          target,
        )
      )
        best = price
    }
  }
  return best
}

const market = fc.array(
  fc.record({
    failure: fc.oneof(
      fc.double({ min: 0.001, max: 0.999, noNaN: true }),
      // Where probabilities and targets meet exactly, floating point would decide by chance.
      fc.constantFrom(0.5, 0.25, 0.125, 0.0625),
    ),
    base: fc.bigInt({ min: 0n, max: 12n }),
    perByte: fc.bigInt({ min: 0n, max: 3n }),
    operator: fc.integer({ min: 0, max: 8 }),
    key: fc.integer({ min: 0, max: 20 }),
  }),
  { minLength: 1, maxLength: 9 },
)

describe('the choice of sellers', () => {
  it('costs what the cheapest of all sets costs', function () {
    this.timeout(60_000)
    fc.assert(
      fc.property(
        market,
        fc.constantFrom(0.5, 0.75, 0.9, 0.9375, 0.99, 0.999, 0.99999),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 4 }),
        (sellers, target, mostPieces, mostNeeded) => {
          const candidates = sellers.map(({ failure, base, perByte, operator, key: number }, index) =>
            candidate(number < 4 ? number : 100 + index, failure, base, { perByte, operator: String(operator) }),
          )
          const bytes = 12
          const least = bruteForce(candidates, bytes, target, mostPieces, mostNeeded)
          const choose = () => chooseSellers(candidates, { bytes, target, mostPieces, mostNeeded })
          if (least === undefined) {
            expect(choose).to.throw(ScripError).with.property('code', 'DURABILITY_UNREACHABLE')
            return
          }
          const { price, leastPrice, sellers: chosen, needed, survival } = choose()
          expect(price).to.equal(least)
          expect(leastPrice).to.equal(least)
          expect(chosen.reduce((sum, one) => sum + priceOf(one, pieceSize(bytes, needed)), 0n)).to.equal(price)
          expect(survival).to.be.at.least(target)
        },
      ),
      { numRuns: 3_000 },
    )
  })

  it('costs what the cheapest set costs where prices are beyond what floating point holds', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            failure: fc.double({ min: 0.01, max: 0.6, noNaN: true }),
            base: fc.bigInt({ min: 1n, max: 2n ** 95n }),
          }),
          { minLength: 3, maxLength: 8 },
        ),
        (sellers) => {
          const candidates = sellers.map(({ failure, base }, index) => candidate(index, failure, base))
          const least = bruteForce(candidates, 10, 0.75, 8, 3)
          if (least === undefined) return
          expect(chooseSellers(candidates, { bytes: 10, target: 0.75, mostNeeded: 3 }).price).to.equal(least)
        },
      ),
      { numRuns: 150 },
    )
  })

  it('never says that nothing is cheaper than what something is cheaper than, however soon it ends', () => {
    const priced = fc.tuple(fc.double({ min: 0.01, max: 0.6, noNaN: true }), fc.integer({ min: 0, max: 20 }))
    fc.assert(
      fc.property(
        fc.array(priced, { minLength: 4, maxLength: 9 }),
        fc.constantFrom(0.9, 0.99, 0.999),
        fc.integer({ min: 1, max: 30 }),
        (sellers, target, steps) => {
          // Where prices follow safety, as these do more or less, many sets cost nearly the same.
          const candidates = sellers.map(([failure, more], index) =>
            candidate(index, failure, BigInt(Math.round(-100 * Math.log(failure)) + more)),
          )
          const least = bruteForce(candidates, 10, target, 9, 3)
          if (least === undefined) return
          const { price, leastPrice } = chooseSellers(candidates, { bytes: 10, target, mostNeeded: 3, steps })
          expect(price >= least && leastPrice <= least, `${leastPrice} <= ${least} <= ${price}`).to.equal(true)
          expect(chooseSellers(candidates, { bytes: 10, target, mostNeeded: 3 }).price).to.equal(least)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('takes one seller that fails with .25 for two that fail with .5, and whichever is cheaper', () => {
    const [one, two, three] = [candidate(1, 0.25, 10n), candidate(2, 0.5, 5n), candidate(3, 0.5, 4n)]
    const choose = (price: bigint) =>
      chooseSellers([{ ...one, base: price }, two, three], { bytes: 1, target: 0.75 }).sellers.map(
        ({ seller }) => seller,
      )
    expect(choose(8n)).to.have.members([one.seller])
    expect(choose(10n)).to.have.members([two.seller, three.seller])
    // The two are worth exactly as much: at the next target above, neither does.
    expect(() => chooseSellers([two, three], { bytes: 1, target: 0.75 + 2 ** -53 })).to.throw(ScripError)
    expect(() => chooseSellers([one], { bytes: 1, target: 0.75 + 2 ** -53 })).to.throw(ScripError)
  })

  it('never gives two pieces to one operator or one key, even where names differ', () => {
    const good = [candidate(1, 0.01), candidate(2, 0.01), candidate(1, 0.01), candidate(4, 0.01)]
    const named = good.map((one, index) => ({
      ...one,
      operator: ['Acme', 'acme ', 'Zenith', 'zenith'][index] as string,
    }))
    // All four are one operator: 1 and 2 share a name, 1 and 3 a key, 3 and 4 a name.
    expect(() => chooseSellers(named, { bytes: 10, target: 0.999 })).to.throw(ScripError, /With 1 operators/)
    const { sellers } = chooseSellers([...named, candidate(5, 0.05, 50n)], { bytes: 10, target: 0.999 })
    expect(sellers.map(({ seller }) => seller))
      .to.include(key(5))
      .and.to.have.length(2)
  })

  it('says how well a file can survive at best where nothing does', () => {
    const choose = () => chooseSellers([candidate(1, 0.5), candidate(2, 0.5)], { bytes: 10, target: 0.9 })
    expect(choose)
      .to.throw(ScripError, /2 operators .* 0\.7499999/)
      .with.property('values')
      .include({ operators: 2 })
  })

  it('refuses what is no probability, price or number', () => {
    const good = [candidate(1, 0.01)]
    for (const choose of [
      () => chooseSellers(good, { bytes: 10, target: 0.4 }),
      () => chooseSellers(good, { bytes: 10, target: 1 }),
      () => chooseSellers(good, { bytes: 10, target: Number.NaN }),
      () => chooseSellers(good, { bytes: 0, target: 0.9 }),
      () => chooseSellers(good, { bytes: 10, target: 0.9, mostPieces: 65 }),
      () => chooseSellers(good, { bytes: 10, target: 0.9, mostNeeded: 0 }),
      () => chooseSellers([candidate(1, Number.NaN)], { bytes: 10, target: 0.9 }),
      () => chooseSellers([candidate(1, 1.1)], { bytes: 10, target: 0.9 }),
      () => chooseSellers([candidate(1, 0.1, -1n)], { bytes: 10, target: 0.9 }),
    ]) {
      expect(choose).to.throw(ScripError).with.property('code', 'INVALID_ARGUMENT')
    }
  })

  it('leaves out who does not sell a piece of that size, and who always fails', () => {
    const none = { ...candidate(1, 0.01), price: () => undefined }
    const sold: Candidate[] = [none, candidate(2, 1, 0n), candidate(3, 0.05, 9n)]
    const { sellers } = chooseSellers(sold, { bytes: 10, target: 0.9 })
    expect(sellers.map(({ seller }) => seller)).to.deep.equal([key(3)])
  })

  it('is quick and nearly always proved among 10,000 sellers, also where price is what safety is worth', function () {
    this.timeout(30_000)
    let state = 7
    const random = () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
      return state / 2 ** 31
    }
    const of = (worth: (failure: number) => number) =>
      Array.from({ length: 10_000 }, (_, index) => {
        const failure = 0.002 * 250 ** random()
        const perByte = worth(failure)
        const operator = String(Math.floor(random() * 7_000))
        return candidate(index, failure, 0n, {
          operator,
          price: (bytes) => BigInt(Math.ceil(perByte * bytes)) + 20_000n,
        })
      })
    const anyPrice = chooseSellers(
      of(() => 1 + random()),
      { bytes: 1_000_000, target: 0.999_999 },
    )
    expect(anyPrice.leastPrice).to.equal(anyPrice.price)
    const fairPrice = chooseSellers(
      of((failure) => -Math.log(failure) * (0.8 + 0.4 * random())),
      {
        bytes: 1_000_000,
        target: 0.999_999,
      },
    )
    expect(Number(fairPrice.leastPrice) / Number(fairPrice.price)).to.be.within(0.99, 1)
  })
})
