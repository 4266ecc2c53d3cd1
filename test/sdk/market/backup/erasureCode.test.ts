import { ScripError } from '@scrip/sdk/errors'
import { createErasureCode } from '@scrip/sdk/market'
import { expect } from 'chai'
import fc from 'fast-check'

const block = (seed: number, size: number) => Uint8Array.from({ length: size }, (_, at) => (at * 31 + seed * 97) & 255)

describe('the erasure code', () => {
  it('gives the data back from every set of pieces that is large enough', function () {
    this.timeout(60_000)
    for (let pieces = 1; pieces <= 8; pieces++) {
      for (let needed = 1; needed <= pieces; needed++) {
        const code = createErasureCode(needed, pieces)
        const data = Array.from({ length: needed }, (_, place) => block(place, 37))
        const blocks = code.encode(data)
        expect(blocks).to.have.length(pieces)
        for (let lost = 0; lost < 2 ** pieces; lost++) {
          const left = blocks.map((one, place) => ((lost >> place) & 1 ? undefined : one))
          const count = left.filter((one) => one !== undefined).length
          if (count >= needed) expect(code.decode(left)).to.deep.equal(data)
          else expect(() => code.decode(left)).to.throw(ScripError)
        }
      }
    }
  })

  it('gives the data back from random sets of up to 255 pieces', () => {
    const lost = fc
      .integer({ min: 1, max: 255 })
      .chain((pieces) => fc.tuple(fc.constant(pieces), fc.integer({ min: 1, max: pieces }), fc.integer()))
    fc.assert(
      fc.property(lost, ([pieces, needed, seed]) => {
        const code = createErasureCode(needed, pieces)
        const data = Array.from({ length: needed }, (_, place) => block(place + seed, 5))
        const blocks = code.encode(data)
        const order = [...blocks.keys()].sort((a, b) => ((a * 7 + seed) % 13) - ((b * 7 + seed) % 13) || a - b)
        const kept = new Set(order.slice(0, needed))
        expect(code.decode(blocks.map((one, place) => (kept.has(place) ? one : undefined)))).to.deep.equal(data)
      }),
      { numRuns: 15 },
    )
  })

  it('makes copies where one piece is enough', () => {
    const data = [block(1, 100)]
    expect(createErasureCode(1, 4).encode(data)).to.deep.equal([data[0], data[0], data[0], data[0]])
  })

  it('computes in the field that others compute in', () => {
    // 2 of 3: the third block is d0 + c·d1 with c = (2 + 0) / (2 + 1) = 2 · 3^-1 in GF(2^8) by 0x11d; 3^-1 is 0xf4.
    const [, , third] = createErasureCode(2, 3).encode([Uint8Array.of(0), Uint8Array.of(1)])
    expect([...(third ?? [])]).to.deep.equal([0xf5])
  })

  it('refuses numbers of pieces that make no code', () => {
    for (const [needed, pieces] of [
      [0, 1],
      [2, 1],
      [1, 256],
      [1.5, 3],
      [1, Number.NaN],
    ] as const) {
      expect(() => createErasureCode(needed, pieces))
        .to.throw(ScripError)
        .with.property('code', 'INVALID_ARGUMENT')
    }
  })
})
