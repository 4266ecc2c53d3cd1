import { ScripError } from '@scrip/sdk/errors'
import {
  Graph,
  generosity,
  type HistoryView,
  maxFlow,
  reciprocity,
  relativeGenerosity,
  twoHopFlow,
} from '@scrip/sdk/reputation'
import { expect } from 'chai'
import fc from 'fast-check'
import { someEdges, somePair, upper } from './support/arbitraries.ts'
import { numberOf, peer } from './support/oracle.ts'

const [server, client, friend, puppet] = [peer(1), peer(2), peer(3), peer(4)]
const views: HistoryView[] = ['private', 'twoHop', 'full']

describe('reciprocity', () => {
  it('is what the client gave over what it took, at most 1', () => {
    const graph = Graph.fromEdges([
      [server, client, 30n],
      [client, server, 40n],
      [server, friend, 5n],
      [friend, client, 9n],
    ])
    expect(reciprocity(graph, server, client, { view: 'private' })).to.deep.equal({
      given: 30n,
      taken: 40n,
      ratio: 0.75,
    })
    expect(reciprocity(graph, upper(server), client)).to.deep.equal({ given: 35n, taken: 40n, ratio: 0.875 })
    expect(reciprocity(graph, client, server)).to.deep.equal({ given: 40n, taken: 35n, ratio: 1 })
  })

  it('says nothing of strangers, 1 of those who only gave, 0 of those who only took', () => {
    const graph = Graph.fromEdges([[server, client, 1n]])
    for (const view of views) {
      expect(reciprocity(graph, server, peer(9), { view }).ratio).to.equal(undefined)
      expect(reciprocity(graph, server, client, { view }).ratio).to.equal(1)
      expect(reciprocity(graph, client, server, { view }).ratio).to.equal(0)
    }
  })

  it('compares amounts that floating point numbers cannot tell apart from infinity', () => {
    const most = 2n ** 256n - 1n
    const graph = Graph.fromEdges([
      [server, client, most / 4n],
      [client, server, most],
    ])
    expect(reciprocity(graph, server, client).ratio).to.be.closeTo(0.25, 1e-15)
  })

  it('is the quotient of the flows of its view', () => {
    fc.assert(
      fc.property(someEdges, somePair, (edges, [from, to]) => {
        const graph = Graph.fromEdges(edges)
        const [source, target] = [peer(from), peer(to)]
        const expected: Record<HistoryView, [bigint, bigint]> = {
          private: [graph.weight(source, target), graph.weight(target, source)],
          twoHop: [twoHopFlow(graph, source, target), twoHopFlow(graph, target, source)],
          full: [maxFlow(graph, source, target).value, maxFlow(graph, target, source).value],
        }
        for (const view of views) {
          const { given, taken, ratio } = reciprocity(graph, source, target, { view })
          expect([given, taken]).to.deep.equal(expected[view])
          if (taken > 0n) expect(ratio).to.be.closeTo(Math.min(1, Number(given) / Number(taken)), 1e-12)
        }
      }),
    )
  })

  it('comes to private history in every view where only one’s own dealings are known', () => {
    fc.assert(
      fc.property(someEdges, somePair, (edges, [from, to]) => {
        const own = edges.filter(([consumer, provider]) => numberOf(consumer) === from || numberOf(provider) === from)
        const graph = Graph.fromEdges(own)
        const known = reciprocity(graph, peer(from), peer(to), { view: 'private' })
        for (const view of views) expect(reciprocity(graph, peer(from), peer(to), { view })).to.deep.equal(known)
      }),
    )
  })

  it('errs against the client where the budget runs out', () => {
    fc.assert(
      fc.property(someEdges, somePair, fc.nat({ max: 40 }), (edges, [from, to], budget) => {
        const graph = Graph.fromEdges(edges)
        const exact = reciprocity(graph, peer(from), peer(to), { view: 'full' })
        const within = reciprocity(graph, peer(from), peer(to), { view: 'full', budget })
        expect(within.given <= exact.given && within.taken >= exact.taken).to.equal(true)
        expect((within.ratio ?? 0) <= (exact.ratio ?? 1)).to.equal(true)
      }),
    )
  })

  it('does not rise for what a client and its puppet claim of each other, as generosity does', () => {
    const honest = [
      [client, server, 100n],
      [server, client, 10n],
    ] as const
    const graph = Graph.fromEdges(honest)
    const attacked = Graph.fromEdges([...honest, [puppet, client, 10n ** 9n], [client, puppet, 1n]])
    for (const view of views) {
      expect(reciprocity(attacked, server, client, { view }).ratio).to.equal(
        reciprocity(graph, server, client, { view }).ratio,
      )
    }
    expect(generosity(graph, client)).to.equal(0.1)
    expect(generosity(attacked, client)).to.be.greaterThan(1e6)
    expect([generosity(graph, puppet), generosity(Graph.fromEdges([[server, client, 1]]), client)]).to.deep.equal([
      undefined,
      Number.POSITIVE_INFINITY,
    ])
  })

  it('measures generosity by that of the server, so that nobody is stricter with others than with themselves', () => {
    const graph = Graph.fromEdges([
      [server, client, 10n],
      [client, server, 40n],
      [puppet, client, 10n],
      [server, puppet, 30n],
    ])
    // The server gave 40 and took 40, the client gave 20 and took 40, the puppet gave 30 and took 10.
    expect(relativeGenerosity(graph, server, client)).to.equal(0.5)
    expect(relativeGenerosity(graph, puppet, server)).to.be.closeTo(1 / 3, 1e-15)
    expect(relativeGenerosity(graph, client, server)).to.equal(1)
    // Who only took finds everybody generous, but for strangers; who only gave has no measure of its own.
    const oneWay = Graph.fromEdges([
      [client, server, 8n],
      [puppet, client, 2n],
    ])
    expect(relativeGenerosity(oneWay, puppet, client)).to.equal(1)
    expect(relativeGenerosity(oneWay, server, client)).to.equal(0.25)
    expect(relativeGenerosity(oneWay, client, server)).to.equal(1)
    expect(relativeGenerosity(oneWay, client, peer(900))).to.equal(undefined)
    expect(relativeGenerosity(oneWay, peer(900), client)).to.equal(0.25)
  })

  it('refuses one peer twice, what is no address and what is no budget', () => {
    const graph = Graph.fromEdges([[server, client, 1n]])
    for (const run of [
      () => reciprocity(graph, server, upper(server), { view: 'private' }),
      () => reciprocity(graph, '0x', server),
      () => reciprocity(graph, server, client, { view: 'full', budget: -1 }),
      () => generosity(graph, '0x'),
      () => relativeGenerosity(graph, server, upper(server)),
      () => relativeGenerosity(graph, server, '0x'),
    ]) {
      expect(run).to.throw(ScripError).with.property('code', 'INVALID_ARGUMENT')
    }
  })
})
