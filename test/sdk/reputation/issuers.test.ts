import { ScripError } from '@scrip/sdk/errors'
import { type Bounce, debtsByPayer, rateIssuer } from '@scrip/sdk/reputation'
import { expect } from 'chai'
import fc from 'fast-check'
import { upper } from './support/arbitraries.ts'
import { peer } from './support/oracle.ts'

const record = { minted: 1_000n, redeemed: 0n, defaulted: 0n, disputed: 0n, lapsed: 0n }
const amount = fc.bigInt({ min: 0n, max: 2n ** 96n })

describe('rateIssuer', () => {
  it('believes nobody who redeemed nothing, and half whoever redeemed a tenth of what is outstanding', () => {
    expect(rateIssuer(record)).to.deep.equal({ score: 0, outstanding: 1_000n })
    expect(rateIssuer({ ...record, minted: 0n })).to.deep.equal({ score: 0, outstanding: 0n })
    expect(rateIssuer({ ...record, minted: 1_100n, redeemed: 100n })).to.deep.equal({ score: 0.5, outstanding: 1_000n })
    expect(rateIssuer({ ...record, redeemed: 300n }, { doubt: 100n }).score).to.equal(0.75)
  })

  it('takes a default and a bounce in full, a dispute by half, a lapse by a tenth', () => {
    const kept = { ...record, redeemed: 100n }
    const doubt = 100n
    expect(rateIssuer({ ...kept, defaulted: 200n }, { doubt }).score).to.equal(0.25)
    expect(rateIssuer(kept, { doubt, bounced: 200n }).score).to.equal(0.25)
    expect(rateIssuer({ ...kept, disputed: 400n }, { doubt }).score).to.equal(0.25)
    expect(rateIssuer({ ...kept, lapsed: 2_000n }, { doubt }).score).to.equal(0.25)
    expect(rateIssuer({ ...kept, disputed: 400n }).outstanding).to.equal(500n)
  })

  it('rises with what is kept and falls with what is broken, within 0 and 1', () => {
    fc.assert(
      fc.property(
        amount,
        amount,
        amount,
        amount,
        amount,
        amount,
        (open, redeemed, defaulted, disputed, lapsed, more) => {
          const base = { minted: open + redeemed + disputed, redeemed, defaulted, disputed, lapsed }
          const { score, outstanding } = rateIssuer(base)
          expect(score).to.be.within(0, 1)
          expect(outstanding).to.equal(open)
          const better = { ...base, minted: base.minted + more, redeemed: redeemed + more }
          expect(rateIssuer(better).score).to.be.at.least(score - 1e-12)
          for (const worse of [
            rateIssuer({ ...base, defaulted: defaulted + more }),
            rateIssuer({ ...base, minted: base.minted + more, disputed: disputed + more }),
            rateIssuer({ ...base, lapsed: lapsed + more }),
            rateIssuer({ ...base, minted: base.minted + more }),
            rateIssuer(base, { bounced: more }),
          ]) {
            expect(worse.score).to.be.at.most(score + 1e-12)
          }
        },
      ),
    )
  })

  it('refuses records that no currency has', () => {
    for (const run of [
      () => rateIssuer({ ...record, redeemed: -1n }),
      () => rateIssuer({ ...record, redeemed: 1_001n }),
      () => rateIssuer({ ...record, lapsed: Number.NaN as unknown as bigint }),
      () => rateIssuer(record, { bounced: -1n }),
      () => rateIssuer(record, { doubt: -1n }),
    ]) {
      expect(run).to.throw(ScripError).with.property('code', 'INVALID_ARGUMENT')
    }
  })
})

describe('debtsByPayer', () => {
  const [debtor, other] = [peer(10), peer(11)]
  const bounce = (channelId: `0x${string}`, payer: `0x${string}`, owed: bigint, claimed: bigint): Bounce => ({
    channelId,
    payer,
    owed,
    claimed,
  })

  it('takes what is owed for a level that later payments lower and older vouchers do not', () => {
    const bounces = [
      bounce('0x01', debtor, 50n, 100n),
      bounce('0x01', debtor, 50n, 100n),
      bounce('0x01', debtor, 5n, 120n),
      bounce('0x02', upper(debtor), 7n, 0n),
      bounce('0x03', other, 9n, 1n),
    ]
    expect([...debtsByPayer(bounces)]).to.deep.equal([
      [debtor, 30n + 7n],
      [other, 9n],
    ])
    const settled = new Map<`0x${string}`, bigint>([
      ['0x01', 149n],
      ['0x03', 10n],
    ])
    expect([...debtsByPayer(bounces, settled)]).to.deep.equal([[debtor, 1n + 7n]])
    expect(debtsByPayer(bounces).get(upper(other))).to.equal(9n)
  })

  it('does not depend on the order of the events', () => {
    const some = fc.array(fc.tuple(fc.constantFrom('0x01', '0x02'), amount, amount))
    fc.assert(
      fc.property(some, (list) => {
        const bounces = list.map(([id, owed, claimed]) =>
          bounce(id as '0x01', id === '0x01' ? debtor : other, owed, claimed),
        )
        expect([...debtsByPayer(bounces.toReversed())].sort()).to.deep.equal([...debtsByPayer(bounces)].sort())
      }),
    )
  })

  it('refuses what is no amount and no address', () => {
    for (const run of [
      () => debtsByPayer([bounce('0x01', debtor, -1n, 0n)]),
      () => debtsByPayer([bounce('0x01', debtor, 1n, 0.5 as unknown as bigint)]),
      () => debtsByPayer([bounce('0x01', '0x', 1n, 0n)]),
      () => debtsByPayer([bounce('0x01', debtor, 1n, 0n)], new Map([['0x01', -1n]])),
    ]) {
      expect(run).to.throw(ScripError).with.property('code', 'INVALID_ARGUMENT')
    }
  })
})
