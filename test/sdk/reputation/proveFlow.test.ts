import { ScripError } from '@scrip/sdk/errors'
import { type FlowEdge, Graph, type GraphEdge, proveFlow } from '@scrip/sdk/reputation'
import { expect } from 'chai'
import fc from 'fast-check'
import { judge, maxFlowOf } from '../../contracts/reputation/model/model.ts'
import { someEdges, upper } from './support/arbitraries.ts'
import { amountsOf, PEERS, peer } from './support/oracle.ts'
import { provenPairs } from './support/otcPairs.ts'
import { bitcoinOtc, itWith } from './support/realGraphs.ts'

const [me, friend, other, stranger] = [peer(1), peer(2), peer(3), peer(4)]

const someSources = fc.uniqueArray(fc.nat({ max: PEERS - 2 }), { minLength: 1, maxLength: 4 })

describe('proveFlow', () => {
  it('gives witness and certificate in the order that the contract asks for', () => {
    const graph = Graph.fromEdges([
      [me, friend, 50n],
      [me, other, 20n],
      [friend, stranger, 30n],
      [friend, other, 7n],
      [other, stranger, 40n],
      [stranger, me, 5n],
    ])
    const proof = proveFlow(graph, upper(me), stranger)
    expect(proof).to.deep.include({ sources: [me], target: stranger, least: 57n, most: 57n })
    expect(proof.flow.every(({ amount }) => amount > 0n)).to.equal(true)
    expect(proof.cut).to.deep.equal({
      side: [me, friend],
      sourceSide: true,
      internalEdges: [{ from: me, to: friend, amount: 50n }],
    })
  })

  it('is what the model of the contract accepts, and exact; within a budget it is true all the same', () => {
    const check = (edges: GraphEdge[], numbers: number[], budget: number | null) => {
      const [networkId, epoch, target] = [1n, 7, peer(PEERS - 1)]
      const community = { amounts: amountsOf(edges), epoch }
      const communities = new Map([[networkId, community]])
      const sources = numbers.map(peer)
      const proof = proveFlow(Graph.fromEdges(edges), sources, target, budget === null ? {} : { budget })
      const question = { networkId, epoch, sources: proof.sources, target: proof.target }
      const { side, sourceSide, internalEdges } = proof.cut
      expect(judge(communities, { kind: 'witness', ...question, edges: proof.flow })).to.equal(proof.least)
      const certificate = { kind: 'certificate', ...question, side, sourceSide, edges: internalEdges } as const
      expect(judge(communities, certificate)).to.equal(proof.most)
      const flow = maxFlowOf(community, proof.sources, target)
      expect(proof.least <= flow && flow <= proof.most).to.equal(true)
      if (budget === null) expect(proof.least).to.equal(proof.most)
    }
    fc.assert(fc.property(someEdges, someSources, fc.option(fc.nat({ max: 30 })), check), { numRuns: 300 })
  })

  it('proves that a stranger is worth nothing', () => {
    const graph = Graph.fromEdges([[me, friend, 1n]])
    expect(proveFlow(graph, me, stranger)).to.deep.equal({
      sources: [me],
      target: stranger,
      least: 0n,
      most: 0n,
      flow: [],
      cut: { side: [stranger], sourceSide: false, internalEdges: [] },
    })
  })

  it('refuses no source, the target as one, what is no address and what is no budget', () => {
    const graph = Graph.fromEdges([[me, friend, 1n]])
    for (const run of [
      () => proveFlow(graph, [], friend),
      () => proveFlow(graph, [me, upper(friend)], friend),
      () => proveFlow(graph, '0x', friend),
      () => proveFlow(graph, me, friend, { budget: -1 }),
    ]) {
      expect(run).to.throw(ScripError).with.property('code', 'INVALID_ARGUMENT')
    }
  })

  const otc = bitcoinOtc()
  itWith(otc)('Bitcoin OTC: few edges prove what flows between 2,000 pairs', () => {
    const proofs = provenPairs(Graph.fromEdges(otc ?? []), 2_000)
    expect(proofs.every(({ least, most }) => least === most)).to.equal(true)
    const edges = percentiles(proofs.map(({ flow }) => flow.length))
    const cut = percentiles(proofs.map(({ cut }) => cut.side.length + cut.internalEdges.length))
    console.log(`      edges of the flow: ${list(edges)}; peers and edges of the cut: ${list(cut)}`)
    expect(edges[50]).to.be.at.most(6)
    expect(edges[95]).to.be.at.most(33)
    const sorted = (edges: FlowEdge[]) => edges.map(({ from, to }) => from + to)
    for (const { flow, cut } of proofs) {
      for (const names of [sorted(flow), sorted(cut.internalEdges), cut.side]) {
        expect(names).to.deep.equal([...new Set(names)].sort())
      }
    }
  })
})

function percentiles(sizes: readonly number[]): Record<50 | 90 | 95 | 99, number> {
  const sorted = [...sizes].sort((a, b) => a - b)
  const at = (percent: number) => sorted[Math.ceil((percent / 100) * sorted.length) - 1] as number
  return { 50: at(50), 90: at(90), 95: at(95), 99: at(99) }
}

function list(values: Record<string, number>): string {
  return Object.entries(values)
    .map(([percent, value]) => `p${percent} ${value}`)
    .join(', ')
}
