import { ScripError } from '@scrip/sdk/errors'
import { type EigenTrustOptions, eigenTrust, Graph, type GraphEdge, TrustScores } from '@scrip/sdk/reputation'
import { expect } from 'chai'
import fc from 'fast-check'
import { sameEdges, someEdges, upper } from './support/arbitraries.ts'
import { amountsOf, numberOf, peer, solveTrust } from './support/oracle.ts'
import { bitcoinOtc, itWith } from './support/realGraphs.ts'

/** Scores of peers by number, in the order asked for. */
function scoresOf(edges: Iterable<GraphEdge>, options: EigenTrustOptions, numbers: number[]): (number | undefined)[] {
  const { scores } = eigenTrust(Graph.fromEdges(edges), options)
  return numbers.map((number) => scores.get(peer(number)))
}

function expectClose(actual: (number | undefined)[], expected: number[], precision: number): void {
  expect(actual.length).to.equal(expected.length)
  for (const [place, value] of expected.entries())
    expect(actual[place], `place ${place}`).to.be.closeTo(value, precision)
}

function sum(values: Iterable<number>): number {
  let total = 0
  for (const value of values) total += value
  return total
}

const someAlpha = fc.double({ min: 0.05, max: 1, noNaN: true })

describe('eigenTrust', () => {
  describe('agrees with published and recomputed vectors', () => {
    const [ek, sd, vm] = [1, 2, 3] as const
    const readme: GraphEdge[] = [
      [peer(ek), peer(sd), 100],
      [peer(vm), peer(sd), 100],
      [peer(ek), peer(vm), 75],
    ]
    const seeds = new Map([
      [peer(ek), 50],
      [peer(vm), 100],
    ])

    it('go-eigentrust, README, alpha 0.5', () => {
      const scores = scoresOf(readme, { seeds, alpha: 0.5, tolerance: 1e-12 }, [ek, sd, vm])
      expectClose(scores, [0.21705426, 0.30232558, 0.48062016], 5e-9)
    })

    it('go-eigentrust, README, with alpha 0.1, which it prints under 0.01, and with a true 0.01', () => {
      const tenth = scoresOf(readme, { seeds, alpha: 0.1, tolerance: 1e-12 }, [ek, sd, vm])
      // As printed, from a run that stopped 1e-7 short of the fixed point.
      expectClose(tenth, [0.16536739, 0.4401133, 0.39451931], 1e-7)
      const hundredth = scoresOf(readme, { seeds, alpha: 0.01, tolerance: 1e-12 }, [ek, sd, vm])
      expectClose(hundredth, [0.15649347, 0.46412164, 0.37938489], 5e-9)
    })

    it('go-eigentrust, OpenAPI example', () => {
      const edges: GraphEdge[] = [
        [peer(0), peer(1), 1],
        [peer(0), peer(2), 3],
        [peer(1), peer(2), 1],
        [peer(2), peer(0), 1],
      ]
      const weighted = new Map([
        [peer(0), 0.2],
        [peer(1), 0.8],
        [peer(2), 0],
      ])
      const scores = scoresOf(edges, { seeds: weighted, alpha: 0.1, tolerance: 1e-13 }, [0, 1, 2])
      expectClose(scores, [0.40332936981, 0.1707491082, 0.42592152199], 2e-11)
    })

    it('an altruist, two balanced peers and a freeloader, after Kung and Wu 2003', () => {
      const served: [provider: number, consumer: number][] = [
        [0, 1],
        [0, 2],
        [0, 3],
        [1, 2],
        [2, 1],
        [1, 3],
        [2, 3],
      ]
      const edges = served.map(([provider, consumer]): GraphEdge => [peer(consumer), peer(provider), 10])
      const scores = scoresOf(edges, { tolerance: 1e-12 }, [0, 1, 2, 3])
      expectClose(scores, [0.367927, 0.258194, 0.258194, 0.115684], 5e-7)
    })

    const otc = bitcoinOtc()
    const graph = Graph.fromEdges(otc ?? [])
    const trusted = [peer(1), peer(4), peer(13)]

    itWith(otc)('Bitcoin OTC, seeded by users 1, 4 and 13', () => {
      expect(graph.edgeCount).to.equal(32_029)
      const usual = eigenTrust(graph, { seeds: trusted, tolerance: 1e-14 }).scores
      for (const [user, score] of [
        [1, 0.08346814],
        [13, 0.073076027],
        [4, 0.070665268],
        [7, 0.017876837],
        [35, 0.010782052],
        [2642, 0.007182083],
      ] as const) {
        expect(usual.get(peer(user)), `user ${user}`).to.be.closeTo(score, 1e-9)
      }
      const near = eigenTrust(graph, { seeds: trusted, alpha: 0.5, tolerance: 1e-14 }).scores
      for (const [user, score] of [
        [1, 0.188465172],
        [13, 0.182342657],
        [4, 0.180814316],
        [7, 0.011138085],
      ] as const) {
        expect(near.get(peer(user)), `user ${user}`).to.be.closeTo(score, 1e-9)
      }
    })

    itWith(otc)(
      'Bitcoin OTC, where a thousand sock puppets gain nothing with seeds and a sixth of all trust without',
      () => {
        const puppets = Array.from({ length: 1000 }, (_, index) => peer(100_000 + index))
        const praise = puppets.map((from, index): GraphEdge => [from, puppets[(index + 1) % 1000] ?? from, 1_000_000])
        const attacked = Graph.fromEdges([...(otc ?? []), ...praise])
        const held = (options: EigenTrustOptions): number => {
          const { scores } = eigenTrust(attacked, options)
          return sum(puppets.map((puppet) => scores.get(puppet) ?? Number.NaN))
        }
        expect(held({ seeds: trusted })).to.equal(0)
        expect(held({})).to.be.greaterThan(1 / 7)
      },
    )
  })

  it('solves the equations that define it, within what the tolerance promises', () => {
    const someSeeds = fc.array(fc.nat({ max: 10 }), { minLength: 8, maxLength: 8 }).filter((list) => sum(list) > 0)
    const someTolerance = fc.constantFrom(1e-3, 1e-6, 1e-12)
    fc.assert(
      fc.property(someEdges, someSeeds, someAlpha, someTolerance, (edges, weights, alpha, tolerance) => {
        const seeds = new Map(weights.map((weight, number) => [peer(number), weight]))
        const { scores } = eigenTrust(Graph.fromEdges(edges), { seeds, alpha, tolerance })
        const expected = solveTrust(
          amountsOf(edges).map((row) => row.map(Number)),
          weights,
          alpha,
        )
        expect([...scores.keys()].sort()).to.deep.equal(weights.map((_, number) => peer(number)))
        const distance = sum(
          expected.map((score, number) => Math.abs(score - (scores.get(peer(number)) ?? Number.NaN))),
        )
        expect(distance).to.be.at.most((tolerance * (1 - alpha)) / alpha + 1e-12)
        expect(sum(scores.values())).to.be.closeTo(1, 1e-12)
      }),
    )
  })

  it('trusts all peers beforehand alike without seeds', () => {
    fc.assert(
      fc.property(someEdges, someAlpha, (edges, alpha) => {
        const graph = Graph.fromEdges(edges)
        fc.pre(graph.peers.length > 0)
        const tolerance = 1e-12
        const uniform = eigenTrust(graph, { alpha, tolerance })
        const seeded = eigenTrust(graph, { alpha, tolerance, seeds: graph.peers })
        expect([...uniform.scores]).to.deep.equal([...seeded.scores])
      }),
    )
  })

  it('starts from scores that it is given, and comes to the same', () => {
    const someStart = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 8, maxLength: 8 })
    fc.assert(
      fc.property(someEdges, someStart, (edges, numbers) => {
        const start = new Map(numbers.map((number, index) => [upper(peer(index)), number]))
        const graph = Graph.fromEdges(edges)
        const options = { seeds: [peer(0), peer(5)], tolerance: 1e-12 }
        const cold = eigenTrust(graph, options)
        const warm = eigenTrust(graph, { ...options, start })
        for (const [address, score] of cold.scores) expect(warm.scores.get(address)).to.be.closeTo(score, 1e-10)
        expect(eigenTrust(graph, { ...options, start: cold.scores }).iterations).to.be.at.most(2)
      }),
    )
  })

  describe('TrustScores', () => {
    it('keeps up with a graph that changes', () => {
      const someChanges = fc.array(someEdges, { minLength: 1, maxLength: 4 })
      const someSeeds = fc.constantFrom(undefined, [peer(0)], [peer(7), peer(900)])
      fc.assert(
        fc.property(someEdges, someChanges, someSeeds, (edges, changes, seeds) => {
          const options = { seeds, tolerance: 1e-13 }
          const graph = Graph.fromEdges(edges)
          const trust = new TrustScores(graph, options)
          for (const change of changes) {
            for (const [from, to, weight] of change) graph.set(from, to, weight)
            trust.refresh()
            const { scores } = eigenTrust(Graph.fromEdges(graph.edges()), options)
            expect([...trust.toMap().keys()].sort()).to.deep.equal([...scores.keys()].sort())
            for (const [address, score] of scores) expect(trust.score(upper(address))).to.be.closeTo(score, 1e-11)
          }
        }),
      )
    })

    it('takes few rounds after one receipt', () => {
      const edges = Array.from({ length: 20_000 }, (_, index): GraphEdge => {
        return [peer((index * 7919) % 997), peer((index * 104_729) % 4_999), (index % 10) + 1]
      })
      const graph = Graph.fromEdges(edges)
      const trust = new TrustScores(graph, { seeds: [peer(1), peer(2)] })
      const cold = trust.iterations
      graph.add(peer(400), peer(100_000), 3n)
      expect(trust.refresh()).to.be.at.most(cold / 2)
      expect(trust.score(peer(100_000))).to.be.greaterThan(0)
      expect(trust.score(peer(100_001))).to.equal(0)
    })

    it('takes a crowd of seeds without an edge, some of which get one', () => {
      const crowd = Array.from({ length: 20_000 }, (_, number) => peer(1_000 + number))
      const graph = Graph.fromEdges([[peer(1), peer(2), 5n]])
      const trust = new TrustScores(graph, { seeds: crowd, tolerance: 1e-9 })
      for (let number = 0; number < 200; number++) graph.set(peer(1_000 + number), peer(2), 1n)
      expect(trust.score(peer(1_000))).to.be.closeTo(5e-5, 1e-9)
      trust.refresh()
      const scores = trust.toMap()
      expect(scores.size).to.equal(20_002)
      expect(sum(scores.values())).to.be.closeTo(1, 1e-9)
      expect(scores.get(peer(2))).to.be.greaterThan(1e-3)
    })

    it('finds its way back when the graph was empty in between', () => {
      const graph = Graph.fromEdges([[peer(1), peer(2), 5n]])
      const trust = new TrustScores(graph)
      graph.set(peer(1), peer(2), 0n)
      trust.refresh()
      expect([...trust.toMap()]).to.deep.equal([])
      graph.set(peer(1), peer(3), 1n)
      trust.refresh()
      expect([...trust.toMap().keys()]).to.deep.equal([peer(1), peer(3)])
      expect(sum(trust.toMap().values())).to.be.closeTo(1, 1e-6)
    })
  })

  it('comes to the same last bit in any order of the edges and any spelling', () => {
    fc.assert(
      fc.property(sameEdges, ([edges, others]) => {
        const first = eigenTrust(Graph.fromEdges(edges), { seeds: [peer(0), peer(5)] })
        const second = eigenTrust(Graph.fromEdges(others), { seeds: [upper(peer(5)), upper(peer(0)), peer(0)] })
        expect([...second.scores]).to.deep.equal([...first.scores])
        expect(second.iterations).to.equal(first.iterations)
      }),
    )
  })

  it('gives nothing to a group that nobody on the way from the seeds ever paid', () => {
    fc.assert(
      fc.property(someEdges, someEdges, fc.nat({ max: 7 }), (edges, praise, attacker) => {
        // Sock puppets pay each other, and pay into the network too.
        const puppet = (address: `0x${string}`) => peer(100 + numberOf(address))
        const attack = praise.map(([from, to, weight]): GraphEdge => [puppet(from), puppet(to), weight])
        const seeds = [peer(0), peer(1)]
        const before = eigenTrust(Graph.fromEdges(edges), { seeds }).scores
        const after = eigenTrust(Graph.fromEdges([...edges, ...attack, [peer(100), peer(attacker), 1_000_000]]), {
          seeds,
        })
        for (const [address, score] of after.scores) {
          if (numberOf(address) >= 100) expect(score).to.equal(0)
          else expect(score).to.equal(before.get(address) ?? 0)
        }
      }),
    )
  })

  it('is the seeds alone where there is nothing else', () => {
    const empty = Graph.fromEdges([])
    expect([...eigenTrust(empty).scores]).to.deep.equal([])
    expect([...eigenTrust(empty, { seeds: [peer(1), peer(2)] }).scores]).to.deep.equal([
      [peer(1), 0.5],
      [peer(2), 0.5],
    ])
    const graph = Graph.fromEdges([[peer(3), peer(4), 1]])
    expect([...eigenTrust(graph, { seeds: [peer(3)], alpha: 1 }).scores]).to.deep.equal([
      [peer(3), 1],
      [peer(4), 0],
    ])
  })

  it('finds a score by any spelling of the address', () => {
    const { scores } = eigenTrust(Graph.fromEdges([[peer(1), peer(2), 1]]), { seeds: [peer(1)] })
    expect(scores.has(upper(peer(2)))).to.equal(true)
    expect(scores.get(upper(peer(2)))).to.equal(scores.get(peer(2)))
    expect(scores.get(peer(2))).to.be.greaterThan(0)
  })

  it('ends also where the tolerance is finer than floating point numbers', () => {
    const ring = [0, 1, 2, 3, 4].map((number): GraphEdge => [peer(number), peer((number + 1) % 5), number + 1])
    const { scores } = eigenTrust(Graph.fromEdges(ring), { seeds: [peer(0)], tolerance: Number.MIN_VALUE })
    expect(sum(scores.values())).to.be.closeTo(1, 1e-12)
  })

  it('takes more rounds for a finer tolerance and fewer for a higher alpha', () => {
    const ring = Graph.fromEdges([0, 1, 2].map((number): GraphEdge => [peer(number), peer((number + 1) % 3), 1]))
    const rounds = (options: EigenTrustOptions) => eigenTrust(ring, { seeds: [peer(0)], ...options }).iterations
    expect(rounds({ tolerance: 1e-9 })).to.be.greaterThan(rounds({ tolerance: 1e-3 }))
    expect(rounds({ alpha: 0.5 })).to.be.lessThan(rounds({ alpha: 0.15 }))
  })

  it('refuses what it cannot use', () => {
    const graph = Graph.fromEdges([[peer(1), peer(2), 1]])
    const wrong: EigenTrustOptions[] = [
      { alpha: 0 },
      { alpha: 1.1 },
      { alpha: Number.NaN },
      { tolerance: 0 },
      { tolerance: Number.NaN },
      { tolerance: Number.POSITIVE_INFINITY },
      { seeds: [] },
      { seeds: new Map([[peer(1), 0]]) },
      { seeds: new Map([[peer(1), -1]]) },
      { seeds: new Map([[peer(1), Number.NaN]]) },
      {
        seeds: new Map([
          [peer(1), Number.MAX_VALUE],
          [peer(2), Number.MAX_VALUE],
        ]),
      },
      { seeds: ['0x1'] },
      { start: new Map([[peer(1), -1]]) },
      { start: new Map([[peer(1), Number.NaN]]) },
      { start: new Map([[peer(1), Number.POSITIVE_INFINITY]]) },
      { start: new Map([['0x1', 1]]) },
    ]
    for (const options of wrong) {
      expect(() => eigenTrust(graph, options), JSON.stringify(options))
        .to.throw(ScripError)
        .with.property('code', 'INVALID_ARGUMENT')
    }
  })
})
