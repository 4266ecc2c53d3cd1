import { ScripError } from '@scrip/sdk/errors'
import { newStrangerRecord, recordStranger, type StrangerRecord, strangerRatio } from '@scrip/sdk/reputation'
import { expect } from 'chai'
import fc from 'fast-check'

type Act = 'provided' | 'consumed'

const after = (acts: Act[]): StrangerRecord =>
  acts.reduce((record, act) => recordStranger(record, act), newStrangerRecord)

describe('the policy for strangers', () => {
  it('serves the first one', () => {
    expect(strangerRatio(newStrangerRecord)).to.equal(1)
  })

  it('closes on whitewashers and opens again when strangers give back', () => {
    const cheated = after(new Array<Act>(30).fill('consumed'))
    expect(strangerRatio(cheated)).to.be.lessThan(0.02)
    const mended = new Array<Act>(30).fill('provided').reduce((record, act) => recordStranger(record, act), cheated)
    expect(strangerRatio(mended)).to.equal(1)
  })

  it('remembers no more than ten services, in the ratio that it had', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom<Act>('provided', 'consumed')), (acts) => {
        const record = after(acts)
        expect(record.provided + record.consumed).to.be.at.most(10 + 1e-9)
        expect(strangerRatio(record)).to.be.within(0, 1)
        const next = recordStranger(record, 'consumed')
        const { provided, consumed } = record
        expect(next.provided / next.consumed).to.be.closeTo(provided / (consumed + 1), 1e-12)
      }),
    )
  })

  it('refuses records and memories that are no numbers', () => {
    for (const run of [
      () => strangerRatio({ provided: Number.NaN, consumed: 1 }),
      () => strangerRatio({ provided: -1, consumed: 1 }),
      () => recordStranger({ provided: 1, consumed: Number.POSITIVE_INFINITY }, 'consumed'),
      () => recordStranger(newStrangerRecord, 'consumed', 0),
      () => recordStranger(newStrangerRecord, 'consumed', Number.NaN),
    ]) {
      expect(run).to.throw(ScripError).with.property('code', 'INVALID_ARGUMENT')
    }
  })
})
