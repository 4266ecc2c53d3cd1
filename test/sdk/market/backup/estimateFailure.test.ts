import { ScripError } from '@scrip/sdk/errors'
import { believed, type Experience, estimateFailure, learnPrior, pooled, unknownSellers } from '@scrip/sdk/market'
import { expect } from 'chai'
import fc from 'fast-check'
import { simulate, wilson } from '../../../../bench/market/simulate.ts'

const DAY = 86_400
const experience = fc.record({
  seconds: fc.integer({ min: 0, max: 1_000 * DAY }),
  losses: fc.integer({ min: 0, max: 20 }),
})

describe('the estimate of how often a seller fails', () => {
  it('is about a quarter for two weeks with somebody unknown', () => {
    expect(estimateFailure({ seconds: 0, losses: 0 }, 14 * DAY)).to.be.within(0.2, 0.35)
  })

  it('falls while nothing is lost, rises with every loss and with the time, and stays a probability', () => {
    fc.assert(
      fc.property(experience, fc.integer({ min: 1, max: 400 * DAY }), (seen, seconds) => {
        const failure = estimateFailure(seen, seconds)
        expect(failure).to.be.within(0, 1)
        expect(estimateFailure({ ...seen, seconds: seen.seconds + 30 * DAY }, seconds)).to.be.at.most(failure)
        expect(estimateFailure({ ...seen, losses: seen.losses + 1 }, seconds)).to.be.at.least(failure)
        expect(estimateFailure(seen, seconds + DAY)).to.be.at.least(failure)
      }),
    )
  })

  it('comes to what was seen where much was seen', () => {
    const seen = { seconds: 36_500 * DAY, losses: 365 }
    expect(estimateFailure(seen, DAY)).to.be.closeTo(-Math.expm1(-0.01), 0.001)
  })

  it('learns what sellers are like from those that were met', () => {
    const met = (losses: number) => Array.from({ length: 200 }, (): Experience => ({ seconds: 100 * DAY, losses }))
    const unknown = { seconds: 0, losses: 0 }
    const [good, bad] = [learnPrior(met(0)), learnPrior(met(10))]
    expect(good.reduce((sum, weight) => sum + weight, 0)).to.be.closeTo(1, 1e-9)
    expect(estimateFailure(unknown, 14 * DAY, good)).to.be.lessThan(0.02)
    expect(estimateFailure(unknown, 14 * DAY, bad)).to.be.within(0.7, 0.8)
    // That nobody was seen to lose anything yet does not mean that nobody ever does.
    expect(estimateFailure(unknown, 14 * DAY, good)).to.be.greaterThan(14 / (200 * 100))
    expect(learnPrior([])).to.deep.equal(unknownSellers)
  })

  it('takes what others say as far as they are believed', () => {
    const told = { seconds: 300 * DAY, losses: 3 }
    const own = { seconds: 10 * DAY, losses: 0 }
    const failure = (trust: number) => estimateFailure(pooled([own, believed(told, trust)]), 14 * DAY)
    expect(failure(0)).to.equal(estimateFailure(own, 14 * DAY))
    expect(failure(1)).to.equal(estimateFailure({ seconds: 310 * DAY, losses: 3 }, 14 * DAY))
    expect(believed(told, 0.5)).to.deep.equal({ seconds: 150 * DAY, losses: 1.5 })
  })

  it('refuses what is no time, number of losses or trust', () => {
    for (const run of [
      () => estimateFailure({ seconds: -1, losses: 0 }, 1),
      () => estimateFailure({ seconds: 0, losses: Number.NaN }, 1),
      () => estimateFailure({ seconds: 0, losses: 0 }, Number.POSITIVE_INFINITY),
      () => learnPrior([{ seconds: 0, losses: -1 }]),
      () => believed({ seconds: 0, losses: 0 }, 1.1),
    ]) {
      expect(run).to.throw(ScripError).with.property('code', 'INVALID_ARGUMENT')
    }
  })

  it('is right: files survive as often as they were promised, whose sellers it chose by price', function () {
    this.timeout(60_000)
    const { files, survived, promised } = simulate(0.9, 2_000, 1)
    const [low, high] = wilson(survived, files)
    expect(promised).to.be.within(Math.max(0.9, low), high)
    // A seller is what its operator is: two pieces with one would fail together, and the promise with them.
    expect(high - low).to.be.lessThan(0.03)
  })
})
