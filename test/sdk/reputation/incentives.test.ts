import { expect } from 'chai'
import { play } from '../../../bench/incentives/play.ts'
import { BEST, type Settings, usual } from '../../../bench/incentives/settings.ts'

/** The mean score of each of the first runs: 1,000 rounds, 100 peers of which a third defects at first, where not said otherwise. */
const scores = (settings: Partial<Settings>, runs = 2): number[] =>
  Array.from({ length: runs }, (_, index) => play({ ...usual, ...settings, seed: index + 1 }).score)

const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const least = (settings: Partial<Settings>, runs?: number): number => Math.min(...scores(settings, runs))
const most = (settings: Partial<Settings>, runs?: number): number => Math.max(...scores(settings, runs))

// The shapes of Feldman, Lai, Stoica and Chuang (2004), on this engine, at small size; `npm run bench:incentives` has the rest.
describe('incentives to serve, as simulated on the engine', function () {
  this.timeout(120_000)

  it('are the same for the same seed, and never better than everybody serving', () => {
    const settings = { ...usual, players: 20, rounds: 200 }
    expect(play(settings)).to.deep.equal(play(settings))
    expect(play(settings)).not.to.deep.equal(play({ ...settings, seed: 2 }))
    expect(Math.max(...play(settings).rounds)).to.be.at.most(BEST)
  })

  it('fail where nobody minds who gives', () => {
    expect(most({ history: 'none' })).to.be.below(1)
  })

  it('hold with shared history in any population, and with private history in small ones only', () => {
    // A few peers are a matter of luck, so that it takes more runs.
    expect(mean(scores({ players: 20, history: 'objective' }, 8))).to.be.above(5.3)
    expect(least({ players: 200, history: 'objective' }, 1)).to.be.above(5.3)
    expect(least({ players: 20, history: 'private' })).to.be.above(4)
    expect(mean(scores({ players: 200, history: 'private' }, 3))).to.be.below(2)
  })

  it('hold against colluders with flows, and fail with sums', () => {
    expect(most({ history: 'objective', collusion: 'original' })).to.be.below(1)
    expect(least({ players: 50, history: 'twoHop', collusion: 'traitors' }, 3)).to.be.above(5)
    expect(least({ players: 20, history: 'full', collusion: 'original' }, 1)).to.be.above(5)
  })

  it('fail with two hops too where peers who turned honest let their lies stand', () => {
    expect(least({ history: 'twoHop', collusion: 'lasting' })).to.be.below(4)
  })

  it('fail where strangers are always served and come back as strangers, and hold with the adaptive policy', () => {
    const settings: Partial<Settings> = { history: 'objective', whitewashing: true }
    expect(most({ ...settings, strangers: 'always' })).to.be.below(1)
    for (const turnover of [1e-4, 0.1]) {
      for (const whitewashing of [true, false]) {
        const changed: Partial<Settings> = { ...settings, strangers: 'adaptive', turnover, whitewashing }
        expect(least(changed, 1), `${turnover}, ${whitewashing}`).to.be.above(4.3)
      }
    }
  })

  it('hold under admission control with seeds, against many free riders and against a ring', () => {
    expect(least({ history: 'admission' }, 1)).to.be.above(5.3)
    expect(least({ history: 'admission', collusion: 'original' })).to.be.above(5.3)
    expect(least({ history: 'admission', defectors: 0.8 }, 1)).to.be.above(4)
  })
})
