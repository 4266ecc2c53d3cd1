import { tickChain, walkTicks } from '@scrip/sdk/channels'
import { expect } from 'chai'
import fc from 'fast-check'
import { bytesToHex, type Hex, hexToBytes, keccak256 } from 'viem'
import { someHex } from './support/arbitraries.ts'

/** The rule in one line, with another library's hash. */
const hashed = (value: Hex, count: number): Hex => (count === 0 ? value : hashed(keccak256(value), count - 1))

describe('tickChain and walkTicks', () => {
  it('make the chain of Keccak-256 hashes that viem makes', () => {
    fc.assert(
      fc.property(someHex(32), fc.integer({ min: 0, max: 64 }), (seed, maxTicks) => {
        const chain = tickChain(hexToBytes(seed), maxTicks).map((entry) => bytesToHex(entry))
        expect(chain).to.deep.equal(Array.from({ length: maxTicks + 1 }, (_, ticks) => hashed(seed, maxTicks - ticks)))
      }),
      { numRuns: 50 },
    )
  })

  it('let entry i, hashed i times, give the root, and hashed i + 1 times or for another entry never', () => {
    fc.assert(
      fc.property(
        someHex(32),
        fc.integer({ min: 1, max: 1_024 }),
        fc.nat(),
        fc.nat(),
        (seed, maxTicks, first, second) => {
          const chain = tickChain(hexToBytes(seed), maxTicks)
          const [ticks, others] = [first % (maxTicks + 1), second % (maxTicks + 1)]
          const root = bytesToHex(walkTicks(chain[ticks] as Uint8Array, others))
          expect(root === bytesToHex(chain[0] as Uint8Array)).to.equal(ticks === others)
        },
      ),
      { numRuns: 50 },
    )
  })

  it('leave the seed and the preimage alone', () => {
    const seed = new Uint8Array(32).fill(7)
    tickChain(seed, 16)
    walkTicks(seed, 16)
    expect([...seed]).to.deep.equal(new Array(32).fill(7))
  })

  it('give the longest chain a different value at every tick', () => {
    const chain = tickChain(new Uint8Array(32), 1_024).map((entry) => bytesToHex(entry))
    expect(chain.length).to.equal(1_025)
    expect(new Set(chain).size).to.equal(1_025)
  })
})
