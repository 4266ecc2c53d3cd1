import { ScripError } from '@scrip/sdk/errors'
import { Graph, type GraphEdge, maxFlow, twoHopFlow } from '@scrip/sdk/reputation'
import { expect } from 'chai'
import fc from 'fast-check'
import { sameEdges, someEdges, somePair, upper } from './support/arbitraries.ts'
import { amountsOf, at, leastCut, PEERS, peer } from './support/oracle.ts'

const [me, friend, other, stranger] = [peer(1), peer(2), peer(3), peer(4)]

describe('twoHopFlow', () => {
  it('is what the target served to the source and to those who served the source', () => {
    const graph = Graph.fromEdges([
      [me, friend, 30n],
      [me, other, 5n],
      [friend, stranger, 20n],
      [other, stranger, 8n],
      [me, stranger, 1n],
    ])
    expect(twoHopFlow(graph, me, friend)).to.equal(30n)
    expect(twoHopFlow(graph, me, stranger)).to.equal(1n + 20n + 5n)
    expect(twoHopFlow(graph, upper(me), upper(stranger))).to.equal(26n)
  })

  it('gives nobody a reputation for consuming', () => {
    const graph = Graph.fromEdges([[me, friend, 30n]])
    expect(twoHopFlow(graph, friend, me)).to.equal(0n)
  })

  it('is 0 for strangers and for friends of friends of friends', () => {
    const graph = Graph.fromEdges([
      [me, friend, 1n],
      [friend, other, 1n],
      [other, stranger, 1n],
    ])
    expect(twoHopFlow(graph, me, stranger)).to.equal(0n)
    expect(twoHopFlow(graph, me, peer(99))).to.equal(0n)
    expect(twoHopFlow(graph, peer(99), me)).to.equal(0n)
  })

  it('is the max-flow over the paths of at most two edges', () => {
    fc.assert(
      fc.property(someEdges, somePair, (edges, [source, target]) => {
        const amounts = amountsOf(edges)
        const near = amounts.map((row, from) =>
          row.map((amount, to) => (from === source || to === target ? amount : 0n)),
        )
        const flow = twoHopFlow(Graph.fromEdges(edges), peer(source), peer(target))
        expect(flow).to.equal(leastCut(near, source, target))

        let sum = at(amounts, source, target)
        for (let middle = 0; middle < PEERS; middle++) {
          const [first, second] = [at(amounts, source, middle), at(amounts, middle, target)]
          if (middle !== source && middle !== target) sum += first < second ? first : second
        }
        expect(flow).to.equal(sum)
      }),
    )
  })

  it('never exceeds the max-flow over all paths', () => {
    fc.assert(
      fc.property(someEdges, somePair, (edges, [source, target]) => {
        const graph = Graph.fromEdges(edges)
        const all = maxFlow(graph, peer(source), peer(target))
        expect(twoHopFlow(graph, peer(source), peer(target)) <= all.value).to.equal(true)
      }),
    )
  })

  it('does not depend on the order of the edges', () => {
    fc.assert(
      fc.property(sameEdges, somePair, ([edges, others], [source, target]) => {
        const flow = (list: GraphEdge[]) => twoHopFlow(Graph.fromEdges(list), peer(source), peer(target))
        expect(flow(others)).to.equal(flow(edges))
      }),
    )
  })

  it('refuses one peer twice and what is no address', () => {
    const graph = Graph.fromEdges([[me, friend, 1n]])
    for (const run of [
      () => twoHopFlow(graph, me, upper(me)),
      () => twoHopFlow(graph, '0x', me),
      () => twoHopFlow(graph, me, '0x'),
    ]) {
      expect(run).to.throw(ScripError).with.property('code', 'INVALID_ARGUMENT')
    }
  })
})
