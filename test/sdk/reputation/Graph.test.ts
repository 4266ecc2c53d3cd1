import { ScripError } from '@scrip/sdk/errors'
import { Graph, type GraphEdge, maxFlow, twoHopFlow } from '@scrip/sdk/reputation'
import { expect } from 'chai'
import fc from 'fast-check'
import { sameEdges, someEdges, upper } from './support/arbitraries.ts'
import { amountsOf, at, PEERS, peer } from './support/oracle.ts'

const [ann, bob, cat] = [peer(0xa), peer(0xb), peer(0xc)]

function errorOf(run: () => unknown): ScripError {
  try {
    run()
  } catch (error) {
    if (error instanceof ScripError) return error
    throw error
  }
  throw new Error('Nothing was thrown')
}

describe('Graph', () => {
  it('points from consumer to provider', () => {
    const graph = Graph.fromEdges([[ann, bob, 30n]])
    expect(graph.weight(ann, bob)).to.equal(30n)
    expect(graph.weight(bob, ann)).to.equal(0n)
    expect(graph.outTotal(ann)).to.equal(30n)
    expect(graph.inTotal(bob)).to.equal(30n)
    expect([graph.inTotal(ann), graph.outTotal(bob)]).to.deep.equal([0n, 0n])
  })

  it('adds up repeats, numbers and bigints alike, in any spelling', () => {
    const graph = Graph.fromEdges([
      [ann, bob, 1],
      [upper(ann), bob, 2n],
      [ann, upper(bob), 3],
    ])
    expect(graph.peers).to.deep.equal([ann, bob])
    expect(graph.edgeCount).to.equal(1)
    expect(graph.weight(upper(ann), upper(bob))).to.equal(6n)
  })

  it('counts nothing for payments to oneself and weights of 0', () => {
    const graph = Graph.fromEdges([
      [ann, upper(ann), 5n],
      [ann, bob, 0],
      [bob, cat, 1],
    ])
    expect(graph.peers).to.deep.equal([bob, cat])
    expect(graph.has(ann)).to.equal(false)
    expect(graph.outTotal(ann)).to.equal(0n)
  })

  it('is empty without edges', () => {
    const graph = Graph.fromEdges([])
    expect(graph.peers).to.deep.equal([])
    expect(graph.edgeCount).to.equal(0)
    expect([...graph.edges()]).to.deep.equal([])
    expect(graph.weight(ann, bob)).to.equal(0n)
  })

  it('rounds nothing up to the largest weight', () => {
    const most = 2n ** 256n - 1n
    const graph = Graph.fromEdges([
      [ann, bob, most],
      [ann, bob, most],
      [ann, cat, 1n],
      [cat, bob, 2n ** 64n],
    ])
    expect(graph.weight(ann, bob)).to.equal(2n * most)
    expect(graph.weight(ann, cat)).to.equal(1n)
    expect(graph.weight(cat, bob)).to.equal(2n ** 64n)
    expect(graph.outTotal(ann)).to.equal(2n * most + 1n)
    expect(graph.inTotal(bob)).to.equal(2n * most + 2n ** 64n)
  })

  it('agrees with a table of sums', () => {
    fc.assert(
      fc.property(someEdges, (edges) => {
        const graph = Graph.fromEdges(edges)
        const amounts = amountsOf(edges)
        const expected: GraphEdge[] = []
        for (let from = 0; from < PEERS; from++) {
          let [out, into] = [0n, 0n]
          for (let to = 0; to < PEERS; to++) {
            const amount = at(amounts, from, to)
            expect(graph.weight(peer(from), peer(to))).to.equal(amount)
            if (amount > 0n) expected.push([peer(from), peer(to), amount])
            out += amount
            into += at(amounts, to, from)
          }
          expect(graph.outTotal(peer(from))).to.equal(out)
          expect(graph.inTotal(peer(from))).to.equal(into)
          expect(graph.has(peer(from))).to.equal(out + into > 0n)
        }
        expect([...graph.edges()]).to.deep.equal(expected)
        expect(graph.edgeCount).to.equal(expected.length)
        const ends = new Set([...expected.map(([from]) => from), ...expected.map(([, to]) => to)])
        expect(graph.peers).to.deep.equal([...ends].sort())
      }),
    )
  })

  it('does not depend on the order of the edges, nor on being made of another graph', () => {
    fc.assert(
      fc.property(sameEdges, ([edges, others]) => {
        const graph = Graph.fromEdges(edges)
        const again = [Graph.fromEdges(others), Graph.fromEdges(graph.edges())]
        for (const { peers, rows } of again)
          expect({ peers, rows }).to.deep.equal({ peers: graph.peers, rows: graph.rows })
      }),
    )
  })

  it('changes in place, to what it would be if made anew', () => {
    const someChanges = fc.array(
      fc.tuple(
        fc.boolean(),
        someEdges.map((edges) => edges.slice(0, 3)),
      ),
      { maxLength: 12 },
    )
    fc.assert(
      fc.property(someEdges, someChanges, fc.boolean(), (edges, changes, searched) => {
        const graph = Graph.fromEdges(edges)
        // The edges by provider are made by the first search and must then follow.
        if (searched) maxFlow(graph, peer(0), peer(1))
        const totals = new Map(
          [...graph.edges()].map(([from, to, weight]) => [`${from} ${to}`, [from, to, weight] as const]),
        )
        for (const [isSet, list] of changes) {
          for (const [from, to, weight] of list) {
            const before = totals.get(`${from} ${to}`)?.[2] ?? 0n
            if (isSet) graph.set(upper(from), to, weight)
            else graph.add(from, upper(to), weight)
            totals.set(`${from} ${to}`, [from, to, isSet ? BigInt(weight) : before + BigInt(weight)])
          }
        }
        const anew = Graph.fromEdges(totals.values())
        expect([...graph.edges()].sort()).to.deep.equal([...anew.edges()].sort())
        expect(graph.edgeCount).to.equal(anew.edgeCount)
        const again = Graph.fromEdges(graph.edges())
        expect(again.rows).to.deep.equal(anew.rows)
        for (let number = 0; number < PEERS; number++) {
          expect(graph.has(peer(number))).to.equal(anew.has(peer(number)))
          expect(graph.inTotal(peer(number))).to.equal(anew.inTotal(peer(number)))
          expect(graph.outTotal(peer(number))).to.equal(anew.outTotal(peer(number)))
          for (let other = 0; other < PEERS; other++) {
            if (other === number) continue
            const [source, target] = [peer(number), peer(other)]
            expect(graph.weight(source, target)).to.equal(anew.weight(source, target))
            expect(twoHopFlow(graph, source, target)).to.equal(twoHopFlow(anew, source, target))
            expect(maxFlow(graph, source, target).value).to.equal(maxFlow(anew, source, target).value)
          }
        }
      }),
      { numRuns: 60 },
    )
  })

  it('takes in a network from nothing, edge by edge', () => {
    const graph = Graph.fromEdges([])
    const edges = Array.from({ length: 3_000 }, (_, index): GraphEdge => {
      return [peer((index * 7919) % 211), peer(300 + ((index * 104_729) % 499)), BigInt(index) + 1n]
    })
    for (const [from, to, weight] of edges) graph.add(from, to, weight)
    const again = Graph.fromEdges(graph.edges())
    const anew = Graph.fromEdges(edges)
    expect([again.peers, again.rows]).to.deep.equal([anew.peers, anew.rows])
    expect(twoHopFlow(graph, peer(1), peer(301))).to.equal(twoHopFlow(anew, peer(1), peer(301)))
  })

  it('is as it was after a change that it refuses', () => {
    const graph = Graph.fromEdges([[ann, bob, 5n]])
    for (const weight of [-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, -1n, 2n ** 256n]) {
      for (const run of [() => graph.set(cat, ann, weight), () => graph.add(ann, bob, weight)]) {
        expect(errorOf(run).code).to.equal('INVALID_ARGUMENT')
        expect(errorOf(run).values).to.deep.equal({ weight })
      }
    }
    expect(errorOf(() => graph.set(cat, '0x', 1n)).code).to.equal('INVALID_ARGUMENT')
    expect(errorOf(() => graph.add('0x', cat, 1n)).code).to.equal('INVALID_ARGUMENT')
    graph.set(cat, upper(cat), 1n)
    graph.add(cat, cat, 1n)
    graph.set(cat, ann, 0n)
    graph.add(cat, ann, 0)
    expect([graph.peers, [...graph.edges()]]).to.deep.equal([[ann, bob], [[ann, bob, 5n]]])
  })

  it('holds none of a million peers whose edges all weigh nothing', function () {
    this.timeout(60_000)
    const edges = function* (): Generator<GraphEdge> {
      for (let number = 0; number < 1_000_000; number++) yield [peer(number), peer(number + 1), 0n]
      yield [ann, bob, 1n]
    }
    const graph = Graph.fromEdges(edges())
    expect(graph.peers).to.deep.equal([ann, bob])
    expect(maxFlow(graph, ann, bob).value).to.equal(1n)
  })

  it('refuses what is no weight and says where', () => {
    for (const weight of [-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, -1n, 2n ** 256n]) {
      const error = errorOf(() =>
        Graph.fromEdges([
          [ann, bob, 1],
          [bob, cat, weight],
        ]),
      )
      expect(error.code).to.equal('INVALID_ARGUMENT')
      expect(error.values).to.deep.equal({ index: 1, from: bob, to: cat, weight })
    }
    for (const weight of ['1', null, undefined, {}] as unknown as bigint[]) {
      expect(errorOf(() => Graph.fromEdges([[ann, bob, weight]])).values).to.deep.equal({
        index: 0,
        from: ann,
        to: bob,
        weight,
      })
    }
  })

  it('refuses what is no address', () => {
    const graph = Graph.fromEdges([[ann, bob, 1]])
    for (const wrong of [
      '0x',
      'ann.eth',
      ann.slice(2),
      `${ann}0`,
      `${ann.slice(0, -1)}g`,
      undefined,
      7,
    ] as `0x${string}`[]) {
      for (const run of [
        () => Graph.fromEdges([[wrong, ann, 1]]),
        () => Graph.fromEdges([[ann, wrong, 1]]),
        () => graph.has(wrong),
        () => graph.weight(wrong, ann),
        () => graph.weight(ann, wrong),
        () => graph.inTotal(wrong),
        () => graph.outTotal(wrong),
      ]) {
        const error = errorOf(run)
        expect(error.code).to.equal('INVALID_ARGUMENT')
        expect(Object.values(error.values)).to.include(wrong)
      }
    }
  })
})
