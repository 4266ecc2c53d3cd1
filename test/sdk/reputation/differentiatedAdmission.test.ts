import { ScripError } from '@scrip/sdk/errors'
import {
  deservesAdmission,
  eigenTrust,
  Graph,
  type GraphEdge,
  serviceAndUsage,
  TrustScores,
} from '@scrip/sdk/reputation'
import { expect } from 'chai'
import fc from 'fast-check'
import { someEdges } from './support/arbitraries.ts'
import { peer } from './support/oracle.ts'

/** An altruist (0), two that give and take (1, 2), a freeloader (3). */
const served: [provider: number, consumer: number, amount: number][] = [
  [0, 1, 10],
  [0, 2, 10],
  [0, 3, 10],
  [1, 2, 10],
  [2, 1, 10],
  [1, 3, 10],
  [2, 3, 10],
]
const edgesOf = (list: typeof served) =>
  list.map(([provider, consumer, amount]): GraphEdge => [peer(consumer), peer(provider), amount])

function standing(list: typeof served, number: number, seeds?: number[]): { service: number; usage: number } {
  const { service, usage } = serviceAndUsage(Graph.fromEdges(edgesOf(list)), {
    tolerance: 1e-12,
    seeds: seeds?.map(peer),
  })
  return { service: service.get(peer(number)) ?? Number.NaN, usage: usage.get(peer(number)) ?? Number.NaN }
}

const terms = { admitAt: 0.5, keepAt: 0.5, allowance: 0, floor: 0 }

describe('differentiated admission', () => {
  // Vectors: EigenTrust in both directions, alpha 0.15, uniform, recomputed independently.
  it('tells an altruist, two balanced peers and a freeloader apart', () => {
    const expected = [0.367927, 0.258194, 0.258194, 0.115684]
    for (const [number, score] of expected.entries()) {
      const { service, usage } = standing(served, number)
      expect(service).to.be.closeTo(score, 5e-7)
      expect(usage).to.be.closeTo(expected[3 - number] as number, 5e-7)
    }
    const freeloader = standing(served, 3)
    expect(freeloader.service / freeloader.usage).to.be.closeTo(0.3144, 5e-5)
    expect([0, 1, 2, 3].map((number) => deservesAdmission(standing(served, number), terms, true))).to.deep.equal([
      true,
      true,
      true,
      false,
    ])
  })

  it('admits the freeloader again once it has served', () => {
    const mended = [...served, [3, 0, 30], [3, 1, 30]] satisfies typeof served
    const { service, usage } = standing(mended, 3)
    expect(service).to.be.closeTo(0.359614, 5e-7)
    expect(usage).to.be.closeTo(0.307827, 5e-7)
    expect(service / usage).to.be.closeTo(1.1682, 5e-5)
    expect(deservesAdmission({ service, usage }, terms, false)).to.equal(true)
  })

  it('lets two who serve only each other pass by the ratio at most until they use, and never past a seeded floor', () => {
    const ring = [...served, [4, 5, 1000], [5, 4, 1000]] satisfies typeof served
    const isolated = standing(ring, 4)
    expect(isolated.service / isolated.usage).to.be.closeTo(1, 1e-9)
    expect(standing(ring, 4, [0, 1]).service).to.equal(0)
    expect(deservesAdmission({ service: 0, usage: 0.1 }, { ...terms, floor: 1e-9 }, true)).to.equal(false)

    const using = [...ring, [1, 4, 10], [2, 5, 10]] satisfies typeof served
    const { service, usage } = standing(using, 4)
    expect(service).to.be.closeTo(0.293161, 5e-7)
    expect(usage).to.be.closeTo(0.372497, 5e-7)
    expect(service / usage).to.be.closeTo(0.787, 5e-5)
    expect(deservesAdmission({ service, usage }, terms, false)).to.equal(true)
    expect(deservesAdmission({ service, usage }, { ...terms, admitAt: 0.8 }, false)).to.equal(false)
  })

  it('keeps whom it admitted a little longer, and lets newcomers in', () => {
    const hysteresis = { ...terms, admitAt: 0.8, keepAt: 0.6, allowance: 0.01, floor: 0.02 }
    const between = { service: 0.07, usage: 0.1 }
    expect(deservesAdmission(between, hysteresis, true)).to.equal(true)
    expect(deservesAdmission(between, hysteresis, false)).to.equal(false)
    expect(deservesAdmission({ service: 0, usage: 0.01 }, hysteresis, false)).to.equal(true)
    expect(deservesAdmission({ service: 0.019, usage: 0.02 }, hysteresis, true)).to.equal(false)
  })

  it('computes usage as service of the graph turned round', () => {
    fc.assert(
      fc.property(someEdges, (edges) => {
        const options = { seeds: [peer(0), peer(3)], tolerance: 1e-12 }
        const { usage } = serviceAndUsage(Graph.fromEdges(edges), options)
        const turned = edges.map(([from, to, weight]): GraphEdge => [to, from, weight])
        const { scores } = eigenTrust(Graph.fromEdges(turned), options)
        expect([...usage.keys()]).to.deep.equal([...scores.keys()])
        for (const [address, score] of scores) expect(usage.get(address)).to.be.closeTo(score, 1e-10)
      }),
    )
  })

  it('keeps up with usage too', () => {
    const graph = Graph.fromEdges(edgesOf(served))
    const usage = new TrustScores(graph, { tolerance: 1e-12 }, 'usage')
    for (const [from, to, weight] of edgesOf([
      [3, 0, 30],
      [3, 1, 30],
    ]))
      graph.add(from, to, weight)
    usage.refresh()
    expect(usage.score(peer(3))).to.be.closeTo(0.307827, 5e-7)
  })

  it('refuses terms that are no numbers, and to keep stricter than to admit', () => {
    for (const wrong of [
      { ...terms, admitAt: Number.NaN },
      { ...terms, floor: -1 },
      { ...terms, allowance: Number.POSITIVE_INFINITY },
      { ...terms, keepAt: 0.6 },
    ]) {
      expect(() => deservesAdmission({ service: 0, usage: 0 }, wrong, false))
        .to.throw(ScripError)
        .with.property('code', 'INVALID_ARGUMENT')
    }
    expect(() => deservesAdmission({ service: Number.NaN, usage: 0 }, terms, false)).to.throw(ScripError)
  })
})
