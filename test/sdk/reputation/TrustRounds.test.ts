import { Graph, type GraphEdge, TrustScores } from '@scrip/sdk/reputation'
import { expect } from 'chai'
import fc from 'fast-check'
import { compileWasm } from '../../../scripts/wasm.ts'
import { gatherWasm } from '../../../sdk/reputation/gatherWasm.ts'
import { plainRounds, type RoundLists, wasmRounds } from '../../../sdk/reputation/TrustRounds.ts'
import { someEdges } from './support/arbitraries.ts'
import { peer } from './support/oracle.ts'

/** More edges than from which on rounds are done in WebAssembly. */
const large = Array.from({ length: 110_000 }, (_, index): GraphEdge => {
  return [peer((index * 7919) % 9_973), peer((index * 104_729) % 19_997), (index % 1000) + 1]
})

describe('rounds of EigenTrust in WebAssembly', () => {
  it('are what their source compiles to, byte for byte, and small enough for a browser’s main thread', async () => {
    const compiled = await compileWasm('gather')
    expect(Buffer.from(compiled).toString('base64')).to.equal(gatherWasm)
    expect(compiled.length).to.be.below(4_096)
  })

  it('come to the same bits as in JavaScript, whatever the rows', () => {
    const some = fc.double({ min: 0, max: 1e9, noNaN: true })
    const strangers = fc.nat({ max: 3 })
    fc.assert(
      fc.property(someEdges, fc.array(some, { minLength: 11, maxLength: 11 }), strangers, (edges, numbers, extra) => {
        const graph = Graph.fromEdges(edges)
        // A change leaves rows that are no longer side by side.
        graph.set(peer(20), peer(3), 7n)
        const { starts, ends, peers, weights } = graph.byProvider
        const count = graph.peers.length
        const lists = (): RoundLists => ({
          rows: { starts, ends, peers, amounts: weights.rounded },
          each: Float64Array.from({ length: count }, (_, index) => numbers[index % 11] as number),
          preTrust: Float64Array.from({ length: count + extra }, (_, index) => numbers[(index + 3) % 11] as number),
          trust: Float64Array.from({ length: count + extra }, (_, index) => numbers[(index + 5) % 11] as number),
          next: new Float64Array(count + extra),
        })
        const [plain, wasm] = [plainRounds(lists()), wasmRounds(lists())]
        for (let round = 0; round < 3; round++) {
          expect(wasm.gather(0.85, 0.25)).to.equal(plain.gather(0.85, 0.25))
          expect([...wasm.lists.trust]).to.deep.equal([...plain.lists.trust])
        }
      }),
    )
  })

  it('give way to rounds in JavaScript where WebAssembly is forbidden, to the same bits', () => {
    const graph = Graph.fromEdges(large)
    const solve = () => {
      graph.set(peer(5), peer(500), 1n)
      const trust = new TrustScores(graph, { seeds: [peer(1), peer(2)] })
      graph.set(peer(5), peer(500), 1_000_000n)
      trust.refresh()
      return { rounds: trust.iterations, scores: [...trust.toMap()] }
    }
    const { rounds, scores } = solve()
    // So that the refresh went on in WebAssembly too.
    expect(rounds).to.be.greaterThan(2)
    const { Memory } = WebAssembly
    const asked: number[] = []
    WebAssembly.Memory = class {
      constructor({ initial }: WebAssembly.MemoryDescriptor) {
        asked.push(initial)
        throw new RangeError('WebAssembly.Memory(): could not allocate memory')
      }
    } as unknown as typeof Memory
    try {
      const fallen = solve()
      expect(asked.length).to.equal(2)
      expect(fallen).to.deep.equal({ rounds, scores })
    } finally {
      WebAssembly.Memory = Memory
    }
  })
})
