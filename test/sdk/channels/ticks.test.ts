import { isPreimage, type Tick, tickChain, walkTicks } from '@scrip/sdk/channels'
import { expect } from 'chai'
import fc from 'fast-check'
import { bytesToHex, type Hex, hexToBytes, keccak256 } from 'viem'
import { isTickOf } from '../../../sdk/channels/ticks.ts'
import { refusal } from '../errors/support/refusal.ts'
import { someHex } from './support/arbitraries.ts'
import { bytes32 } from './support/channels.ts'

/** The rule in one line, with another library's hash. */
const hashed = (value: Hex, count: number): Hex => (count === 0 ? value : hashed(keccak256(value), count - 1))

const counts = [0, 1, 7, 8, 9, 255, 256, 1_023, 1_024]

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

describe('walkTicks and isPreimage', () => {
  const seed = hexToBytes(bytes32('seed'))

  it('hash as often as they are told', () => {
    for (const count of counts) {
      const root = hexToBytes(hashed(bytes32('seed'), count))
      expect(bytesToHex(walkTicks(seed, count)), `${count}`).to.equal(bytesToHex(root))
      for (const other of counts)
        expect(isPreimage(seed, other, root), `${other} for ${count}`).to.equal(other === count)
    }
  })

  it('see every bit', () => {
    const root = walkTicks(seed, 1)
    for (let bit = 0; bit < 256; bit++) {
      const bend = (bytes: Uint8Array) => bytes.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
      expect(isPreimage(bend(seed), 1, root)).to.equal(false)
      expect(isPreimage(seed, 1, bend(root))).to.equal(false)
    }
    expect(isPreimage(seed, 1, root)).to.equal(true)
  })

  it('take 32 bytes and nothing else', async () => {
    for (const length of [0, 31, 33, 64, 2_048]) {
      const wrong = new Uint8Array(length)
      expect((await refusal(() => walkTicks(wrong, 1))).code).to.equal('INVALID_ARGUMENT')
      expect((await refusal(() => tickChain(wrong, 1))).code).to.equal('INVALID_ARGUMENT')
      expect((await refusal(() => isPreimage(wrong, 1, seed))).code).to.equal('INVALID_ARGUMENT')
    }
    const root = walkTicks(seed, 1)
    expect(isPreimage(seed, 1, root.slice(0, 31))).to.equal(false)
    expect(isPreimage(seed, 1, Uint8Array.of(...root, 0))).to.equal(false)
  })

  it('give bytes of their own: another walk does not change them', () => {
    const first = walkTicks(seed, 1)
    const [before, chain] = [bytesToHex(first), tickChain(seed, 3).map((entry) => bytesToHex(entry))]
    walkTicks(new Uint8Array(32), 5)
    expect(bytesToHex(first)).to.equal(before)
    expect(tickChain(seed, 3).map((entry) => bytesToHex(entry))).to.deep.equal(chain)
  })
})

describe('isTickOf', () => {
  const maxTicks = 1_024
  const chain = tickChain(hexToBytes(bytes32('seed')), maxTicks).map((entry) => bytesToHex(entry))
  const tick = (count: number): Tick => ({ count, preimage: chain[count] as Hex })
  const voucher = { tickRoot: chain[0] as Hex, maxTicks }

  it('knows every tick of the chain by the root, and by any other of its ticks', () => {
    for (const count of counts) {
      expect(isTickOf(voucher, tick(count)), `${count}`).to.equal(true)
      for (const known of counts) expect(isTickOf(voucher, tick(count), tick(known))).to.equal(true)
    }
  })

  it('refuses a tick that claims another count, also by one, and one beyond the voucher’s limit', () => {
    for (const count of counts.slice(1)) {
      for (const claimed of [count - 1, count + 1]) {
        expect(isTickOf(voucher, { ...tick(count), count: claimed })).to.equal(false)
        expect(isTickOf(voucher, { ...tick(count), count: claimed }, tick(count - 1))).to.equal(false)
      }
      expect(isTickOf({ ...voucher, maxTicks: count - 1 }, tick(count))).to.equal(false)
    }
  })

  it('refuses what is no tick at all', () => {
    const { preimage } = tick(1)
    const wrong = [
      '0x',
      preimage.slice(0, -2),
      `${preimage}00`,
      preimage.slice(2),
      `0x${'zz'.repeat(32)}`,
      `${preimage} `,
    ]
    for (const each of [...wrong, `0x${'\u0130'.repeat(64)}`] as Hex[]) {
      expect(isTickOf(voucher, { count: 1, preimage: each }), each).to.equal(false)
      expect(isTickOf({ ...voucher, tickRoot: each }, tick(1)), each).to.equal(false)
    }
    expect(isTickOf(voucher, tick(1))).to.equal(true)
  })
})
