import { ScripError } from '@scrip/sdk/errors'
import { Graph, type GraphEdge, type MaxFlowResult, maxFlow } from '@scrip/sdk/reputation'
import { expect } from 'chai'
import fc from 'fast-check'
import { sameEdges, someEdges, somePair, someTangle, upper } from './support/arbitraries.ts'
import { type Amounts, amountsOf, at, capacity, leastCut, numberOf, PEERS, peer } from './support/oracle.ts'
import { advogato, bitcoinOtc, itWith } from './support/realGraphs.ts'

const [me, friend, other, stranger] = [peer(1), peer(2), peer(3), peer(4)]

/** That the flow keeps to the weights, is conserved, and carries the value from the source to the target. */
function expectFlow(amounts: Amounts, source: number, target: number, { value, flow }: MaxFlowResult): void {
  const balance = new Array<bigint>(PEERS).fill(0n)
  const pairs = new Set<string>()
  for (const { from, to, amount } of flow) {
    const [consumer, provider] = [numberOf(from), numberOf(to)]
    expect(amount > 0n && amount <= at(amounts, consumer, provider), `${consumer} → ${provider}: ${amount}`).to.equal(
      true,
    )
    expect(pairs.has(`${to} ${from}`), 'flow runs both ways').to.equal(false)
    pairs.add(`${from} ${to}`)
    balance[consumer] = (balance[consumer] ?? 0n) - amount
    balance[provider] = (balance[provider] ?? 0n) + amount
  }
  const expected = new Array<bigint>(PEERS).fill(0n)
  expected[source] = -value
  expected[target] = value
  expect(balance).to.deep.equal(expected)
  const order = flow.map(({ from, to }) => from + to)
  expect(order).to.deep.equal([...new Set(order)].sort())
}

/** What crosses the cut, after a check that it parts the source from the target and says itself what crosses. */
function capacityOf(amounts: Amounts, source: number, target: number, { cut }: MaxFlowResult): bigint {
  const listed = new Set(cut.side.map(numberOf))
  expect(cut.side).to.deep.equal([...new Set(cut.side)].sort())
  const all = Array.from({ length: PEERS }, (_, number) => number)
  const side = new Set(all.filter((number) => listed.has(number) === cut.sourceSide))
  expect(side.has(source)).to.equal(true)
  expect(side.has(target)).to.equal(false)
  expect(cut.capacity).to.equal(capacity(amounts, side))
  return cut.capacity
}

/** That the result is the least of all cuts, with a flow that carries it and a cut that proves it. */
function expectMaximum(edges: readonly GraphEdge[], source: number, target: number): void {
  const amounts = amountsOf(edges)
  const result = maxFlow(Graph.fromEdges(edges), peer(source), peer(target))
  expect(result.exact).to.equal(true)
  expect(result.value).to.equal(leastCut(amounts, source, target))
  expect(capacityOf(amounts, source, target, result)).to.equal(result.value)
  expectFlow(amounts, source, target, result)
}

describe('maxFlow', () => {
  it('finds what was served over any number of peers between, with witness and certificate', () => {
    const graph = Graph.fromEdges([
      [me, friend, 30n],
      [friend, other, 20n],
      [other, stranger, 7n],
      [me, stranger, 1n],
    ])
    expect(maxFlow(graph, upper(me), stranger)).to.deep.equal({
      value: 8n,
      exact: true,
      flow: [
        { from: me, to: friend, amount: 7n },
        { from: me, to: stranger, amount: 1n },
        { from: friend, to: other, amount: 7n },
        { from: other, to: stranger, amount: 7n },
      ],
      cut: { side: [stranger], sourceSide: false, capacity: 8n },
    })
    expect(maxFlow(graph, stranger, me).value).to.equal(0n)
  })

  it('turns flow back where a first path was in the way', () => {
    // The shortest path takes 1 → 2 → 5 → 6 and so blocks both others, which pass through one of its edges each.
    const edges: GraphEdge[] = [
      [peer(1), peer(2), 1],
      [peer(2), peer(5), 1],
      [peer(5), peer(6), 1],
      [peer(1), peer(3), 1],
      [peer(3), peer(4), 1],
      [peer(4), peer(5), 1],
      [peer(2), peer(7), 1],
      [peer(7), peer(0), 1],
      [peer(0), peer(6), 1],
    ]
    expect(maxFlow(Graph.fromEdges(edges), peer(1), peer(6)).value).to.equal(2n)
    expectMaximum(edges, 1, 6)
  })

  it('is the least cut, with a flow of that value that keeps to the weights and a cut that proves it', () => {
    const check = (edges: GraphEdge[], [source, target]: [number, number]) => expectMaximum(edges, source, target)
    fc.assert(fc.property(someEdges, somePair, check), { numRuns: 300 })
    fc.assert(fc.property(someTangle, fc.constant<[number, number]>([0, 7]), check), { numRuns: 300 })
  })

  it('gives a lower bound within any budget, and says whether it is exact', () => {
    fc.assert(
      fc.property(someEdges, somePair, fc.nat({ max: 60 }), (edges, [source, target], budget) => {
        const amounts = amountsOf(edges)
        const graph = Graph.fromEdges(edges)
        const exact = maxFlow(graph, peer(source), peer(target))
        const result = maxFlow(graph, peer(source), peer(target), { budget })
        expectFlow(amounts, source, target, result)
        const bound = capacityOf(amounts, source, target, result)
        expect(result.value <= exact.value && exact.value <= bound).to.equal(true)
        expect(result.exact).to.equal(result.value === bound)
        const more = maxFlow(graph, peer(source), peer(target), { budget: budget + 1 })
        expect(more.value >= result.value).to.equal(true)
      }),
    )
  })

  it('counts every look at an edge against the budget', () => {
    // Two hops that carry 2 lie between a wide start and a wide end, so that no trivial cut is least.
    const graph = Graph.fromEdges([
      [me, other, 9n],
      [other, stranger, 2n],
      [stranger, friend, 9n],
    ])
    const within = (budget: number) => {
      const { value, exact } = maxFlow(graph, me, friend, { budget })
      return [value, exact]
    }
    // Three looks find the path; three more, one at an edge that is full, prove that there is no other.
    const found = [0, 1, 2, 3, 4, 5, 6, 7].map(within)
    expect(found.map(([value]) => value)).to.deep.equal([0n, 0n, 0n, 2n, 2n, 2n, 2n, 2n])
    expect(found.filter(([, exact]) => exact)).to.have.length(8 - found.findIndex(([, exact]) => exact))
    expect(found[3]?.[1]).to.equal(false)
    expect(found[7]?.[1]).to.equal(true)
  })

  it('needs no budget to prove a flow of all that leaves the source', () => {
    const { value, exact } = maxFlow(Graph.fromEdges([[me, friend, 1n]]), me, friend, { budget: 1 })
    expect([value, exact]).to.deep.equal([1n, true])
  })

  it('runs out of a small budget and not of a large one', () => {
    const chain = Array.from({ length: 50 }, (_, number): GraphEdge => [peer(number), peer(number + 1), 5n])
    const graph = Graph.fromEdges([...chain, [peer(0), peer(50), 1n]])
    expect(maxFlow(graph, peer(0), peer(50), { budget: 0 })).to.deep.equal({
      value: 0n,
      exact: false,
      flow: [],
      cut: { side: [peer(0)], sourceSide: true, capacity: 6n },
    })
    expect(maxFlow(graph, peer(0), peer(50), { budget: 20 })).to.deep.equal({
      value: 1n,
      exact: false,
      flow: [{ from: peer(0), to: peer(50), amount: 1n }],
      cut: { side: [peer(0)], sourceSide: true, capacity: 6n },
    })
    const result = maxFlow(graph, peer(0), peer(50), { budget: 200 })
    expect([result.value, result.exact, result.flow.length]).to.deep.equal([6n, true, 51])
  })

  it('leaves a target no better off for what it and its sock puppets claim of each other', () => {
    fc.assert(
      fc.property(someEdges, someEdges, somePair, (edges, praise, [source, target]) => {
        // Among the puppets is the target itself, in place of puppet 0. They pay into the network too.
        const puppet = (address: `0x${string}`) =>
          numberOf(address) === 0 ? peer(target) : peer(100 + numberOf(address))
        const attack = praise.map(([from, to, weight]): GraphEdge => [puppet(from), puppet(to), weight])
        const before = maxFlow(Graph.fromEdges(edges), peer(source), peer(target))
        const attacked = Graph.fromEdges([...edges, ...attack, [puppet(peer(1)), peer(source), 1_000_000]])
        expect(maxFlow(attacked, peer(source), peer(target)).value).to.equal(before.value)
      }),
    )
  })

  it('does not depend on the order of the edges', () => {
    fc.assert(
      fc.property(sameEdges, somePair, ([edges, others], [source, target]) => {
        const flow = (list: GraphEdge[]) => maxFlow(Graph.fromEdges(list), peer(source), peer(target))
        expect(flow(others)).to.deep.equal(flow(edges))
      }),
    )
  })

  it('is 0, proved, where one of the two is a stranger', () => {
    const graph = Graph.fromEdges([[me, friend, 1n]])
    const nothing = { value: 0n, exact: true, flow: [] }
    expect(maxFlow(graph, stranger, me)).to.deep.equal({
      ...nothing,
      cut: { side: [stranger], sourceSide: true, capacity: 0n },
    })
    expect(maxFlow(graph, me, stranger)).to.deep.equal({
      ...nothing,
      cut: { side: [stranger], sourceSide: false, capacity: 0n },
    })
  })

  it('refuses one peer twice, what is no address and what is no budget', () => {
    const graph = Graph.fromEdges([[me, friend, 1n]])
    for (const run of [
      () => maxFlow(graph, me, upper(me)),
      () => maxFlow(graph, '0x', me),
      () => maxFlow(graph, me, '0x'),
      () => maxFlow(graph, me, friend, { budget: -1 }),
      () => maxFlow(graph, me, friend, { budget: 1.5 }),
      () => maxFlow(graph, me, friend, { budget: Number.NaN }),
    ]) {
      expect(run).to.throw(ScripError).with.property('code', 'INVALID_ARGUMENT')
    }
  })

  describe('from several sources', () => {
    const someSources = fc.tuple(fc.uniqueArray(fc.nat({ max: PEERS - 2 }), { minLength: 1, maxLength: 4 }))

    it('is the flow from one that stands for all of them, proved by a cut', () => {
      fc.assert(
        fc.property(someEdges, someSources, fc.option(fc.nat({ max: 30 })), (edges, [sources], budget) => {
          const target = PEERS - 1
          // Edges from a source are those of the first; nothing flows back into a source to any use.
          const isSource = (address: `0x${string}`) => sources.includes(numberOf(address))
          const one = peer(sources[0] as number)
          const joined = edges.flatMap(([from, to, weight]): GraphEdge[] =>
            isSource(to) ? [] : [[isSource(from) ? one : from, to, weight]],
          )
          const all = sources.map(peer)
          const result = maxFlow(Graph.fromEdges(edges), all, peer(target), budget === null ? {} : { budget })
          const most = leastCut(amountsOf(joined), numberOf(one), target)
          if (budget === null) expect([result.value, result.exact]).to.deep.equal([most, true])
          expect(result.value <= most && most <= result.cut.capacity).to.equal(true)
          expect(result.exact).to.equal(result.value === result.cut.capacity)

          const amounts = amountsOf(edges)
          const listed = new Set(result.cut.side.map(numberOf))
          const side = new Set([...amounts.keys()].filter((number) => listed.has(number) === result.cut.sourceSide))
          expect([...sources.filter((number) => !side.has(number)), side.has(target)]).to.deep.equal([false])
          expect(capacity(amounts, side)).to.equal(result.cut.capacity)
          const balance = new Map<string, bigint>()
          for (const { from, to, amount } of result.flow) {
            expect(amount <= at(amounts, numberOf(from), numberOf(to))).to.equal(true)
            balance.set(from, (balance.get(from) ?? 0n) - amount)
            balance.set(to, (balance.get(to) ?? 0n) + amount)
          }
          expect(balance.get(peer(target)) ?? 0n).to.equal(result.value)
          for (const [address, amount] of balance) {
            if (!isSource(address as `0x${string}`) && address !== peer(target)) expect(amount).to.equal(0n)
          }
        }),
        { numRuns: 300 },
      )
    })

    it('does not add up where they share edges', () => {
      const graph = Graph.fromEdges([
        [me, friend, 5n],
        [other, friend, 5n],
        [friend, stranger, 6n],
      ])
      expect(maxFlow(graph, me, stranger).value + maxFlow(graph, other, stranger).value).to.equal(10n)
      expect(maxFlow(graph, [me, upper(other), me, peer(99)], stranger).value).to.equal(6n)
    })

    it('refuses none, and the target among them', () => {
      const graph = Graph.fromEdges([[me, friend, 1n]])
      for (const sources of [[], [me, friend]]) {
        expect(() => maxFlow(graph, sources, friend))
          .to.throw(ScripError)
          .with.property('code', 'INVALID_ARGUMENT')
      }
    })
  })

  it('does not forget its way through many searches, changes and budgets on one graph', () => {
    const someChange = fc.tuple(
      someEdges.map((edges) => edges.slice(0, 1)),
      somePair,
      fc.nat({ max: 30 }),
    )
    fc.assert(
      fc.property(someEdges, fc.array(someChange, { maxLength: 8 }), (edges, changes) => {
        const graph = Graph.fromEdges(edges)
        for (const [change, [source, target], budget] of changes) {
          for (const [from, to, weight] of change) graph.set(from, to, weight)
          maxFlow(graph, peer(source), peer(target), { budget })
          const { value, exact } = maxFlow(graph, peer(source), peer(target))
          expect([value, exact]).to.deep.equal([leastCut(amountsOf(graph.edges()), source, target), true])
        }
      }),
      { numRuns: 30 },
    )
  })

  describe('on real graphs, each value proved by an equal cut', () => {
    const expectProved = (graph: Graph, source: number, target: number): bigint => {
      const { value, exact, cut } = maxFlow(graph, peer(source), peer(target))
      const listed = new Set(cut.side)
      let leaving = 0n
      for (const [from, to, weight] of graph.edges()) {
        if (listed.has(from) === cut.sourceSide && listed.has(to) !== cut.sourceSide) leaving += weight
      }
      expect([value, exact, cut.capacity], `${source} → ${target}`).to.deep.equal([leaving, true, leaving])
      return value
    }

    const otc = bitcoinOtc()
    itWith(otc)('Bitcoin OTC: as recomputed by Dinic’s algorithm', () => {
      const graph = Graph.fromEdges(otc ?? [])
      for (const [source, target, value] of [
        [1, 4, 157n],
        [4, 1, 175n],
        [35, 2642, 540n],
        [2642, 35, 663n],
        [6, 7, 116n],
        [1, 5996, 3n],
        [1810, 2125, 374n],
      ] as const) {
        expect(expectProved(graph, source, target), `${source} → ${target}`).to.equal(value)
      }
    })

    const trust = advogato()
    itWith(trust)('Advogato: between a hundred pairs', () => {
      const graph = Graph.fromEdges(trust ?? [])
      expect(graph.edgeCount).to.equal(47_135)
      let positive = 0
      for (let pair = 0; pair < 100; pair++) {
        const [source, target] = [1 + ((pair * 37) % 997), 2_000 + ((pair * 91) % 1_999)]
        if (expectProved(graph, source, target) > 0n) positive++
      }
      expect(positive).to.be.greaterThan(20)
    })
  })
})
