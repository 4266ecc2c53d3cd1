import { Graph } from '@scrip/sdk/reputation'
import { expect } from 'chai'
import { network } from 'hardhat'
import { provenPairs } from '../../sdk/reputation/support/otcPairs.ts'
import { bitcoinOtc, itWith } from '../../sdk/reputation/support/realGraphs.ts'
import { deployContracts } from '../../support/contracts.ts'
import { type SettledEdge, settleGraph } from '../../support/settledGraph.ts'

const PAIRS = 25

describe('FlowVerifier on a real web of trust', () => {
  const otc = bitcoinOtc()
  itWith(otc)(`proves what flows between ${PAIRS} pairs of Bitcoin OTC exactly, every rating settled`, async () => {
    const { ethers } = await network.create()
    const contracts = await deployContracts(ethers)
    const graph = Graph.fromEdges(otc ?? [])
    const proofs = provenPairs(graph, PAIRS)

    // What the proofs touch: the edges of the flows, and all edges of the peers whose totals bound the cuts.
    const [consumers, providers] = [true, false].map(
      (sourceSide) => new Set(proofs.flatMap(({ cut }) => (cut.sourceSide === sourceSide ? cut.side : []))),
    )
    const flowing = new Set(proofs.flatMap(({ flow }) => flow.map(({ from, to }) => from + to)))
    const touched: SettledEdge[] = [...graph.edges()].filter(
      ([from, to]) => consumers?.has(from) || providers?.has(to) || flowing.has(from + to),
    )
    const { networkId, epoch } = await settleGraph(ethers, contracts, touched)

    for (const { sources, target, least, flow, cut } of proofs) {
      const bounds = contracts.verifier.bounds(
        networkId,
        epoch,
        sources,
        target,
        flow,
        cut.side,
        cut.sourceSide,
        cut.internalEdges,
      )
      expect([...(await bounds)]).to.deep.equal([least, least])
    }
    console.log(`      ${touched.length} edges settled`)
  })
})
