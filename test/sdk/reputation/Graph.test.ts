import { ScripError } from '@scrip/sdk/errors'
import { Graph, type GraphEdge } from '@scrip/sdk/reputation'
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
