import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { createRootBuilder, isProved, LEAF, leavesIn, type Proof, rootOf } from '@scrip/sdk/market'
import { expect } from 'chai'
import fc from 'fast-check'
import type { Hex } from 'viem'
import { proveLeaf, writeTree } from '../../../sdk/market/seller/tree.ts'
import { bytes } from '../../support/market.ts'
import { newFile, newFolder } from './support/stall.ts'

const hash = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest()

/** The tree of RFC 6962, 2.1, as it is written there. */
function topOf(leaves: Uint8Array[]): Buffer {
  const [first] = leaves
  if (leaves.length === 1 && first !== undefined) return hash(Uint8Array.of(0), first)
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  return hash(Uint8Array.of(1), topOf(leaves.slice(0, split)), topOf(leaves.slice(split)))
}

function referenceRoot(content: Uint8Array): Hex {
  const leaves = Array.from({ length: leavesIn(content.length) }, (_, at) =>
    content.subarray(at * LEAF, (at + 1) * LEAF),
  )
  const size = Buffer.alloc(8)
  size.writeBigUInt64BE(BigInt(content.length))
  return `0x${hash(Uint8Array.of(2), size, topOf(leaves)).toString('hex')}`
}

/** A proof by the tree that a seller keeps beside a piece. */
async function proofs(content: Uint8Array, indices: number[]): Promise<Proof[]> {
  const piece = await open(newFile(0, content), 'r')
  const tree = await open(join(newFolder(), 'tree'), 'w+')
  try {
    expect(await writeTree(piece, content.length, tree)).to.equal(rootOf(content))
    const proved: Proof[] = []
    for (const index of indices) proved.push(await proveLeaf(piece, tree, content.length, index))
    return proved
  } finally {
    await piece.close()
    await tree.close()
  }
}

const CHUNK = 64 * LEAF
const SIZES = [
  1,
  LEAF - 1,
  LEAF,
  LEAF + 1,
  2 * LEAF,
  3 * LEAF,
  5 * LEAF + 7,
  CHUNK - 1,
  CHUNK,
  CHUNK + 1,
  3 * CHUNK + 9,
  7 * CHUNK,
]

describe('the root of a piece', () => {
  for (const size of SIZES) {
    it(`of ${size} bytes is that of RFC 6962, with the size hashed in`, () => {
      expect(rootOf(bytes(size))).to.equal(referenceRoot(bytes(size)))
    })
  }

  it('does not depend on how the bytes come', () =>
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 3_000 }), { minLength: 1, maxLength: 40 }), (parts) => {
        const content = Buffer.concat(parts)
        if (content.length === 0) return
        const builder = createRootBuilder()
        for (const part of parts) builder.add(part)
        expect(builder.finish()).to.equal(rootOf(content))
      }),
      { numRuns: 50 },
    ))

  it('takes no node for a leaf, and no piece for a longer one', () => {
    const content = bytes(2 * LEAF)
    const inner = Buffer.concat([
      hash(Uint8Array.of(0), content.subarray(0, LEAF)),
      hash(Uint8Array.of(0), content.subarray(LEAF)),
    ])
    expect(rootOf(inner)).not.to.equal(rootOf(content))
    expect(rootOf(Buffer.concat([content, Buffer.alloc(1)]))).not.to.equal(rootOf(content))
  })
})

describe('a proof', () => {
  for (const size of SIZES) {
    it(`leads from every kind of leaf of ${size} bytes to the root`, async () => {
      const content = bytes(size)
      const count = leavesIn(size)
      const indices = [...new Set([0, 1, 63, 64, 65, Math.floor(count / 2), count - 2, count - 1])]
      const wanted = indices.filter((index) => index >= 0 && index < count)
      for (const proof of await proofs(content, wanted)) {
        expect(isProved(rootOf(content), size, proof), `${proof.index}`).to.equal(true)
        expect(Buffer.from(proof.leaf).equals(content.subarray(proof.index * LEAF, (proof.index + 1) * LEAF))).to.equal(
          true,
        )
      }
    })
  }

  it('proves nothing once anything of it is changed', async () => {
    const size = 3 * CHUNK + 9
    const content = bytes(size)
    const root = rootOf(content)
    const [proof] = (await proofs(content, [100])) as [Proof]
    const flipped = (from: Uint8Array) => Uint8Array.from(from, (byte, at) => (at === 0 ? byte ^ 1 : byte))
    const forgeries: Proof[] = [
      { ...proof, leaf: flipped(proof.leaf) },
      { ...proof, leaf: proof.leaf.subarray(1) },
      { ...proof, index: 101 },
      { ...proof, index: -1 },
      { ...proof, index: leavesIn(size) },
      { ...proof, index: 100.5 },
      { ...proof, path: proof.path.slice(1) },
      { ...proof, path: proof.path.slice(0, -1) },
      { ...proof, path: [...proof.path, proof.path[0] as Uint8Array] },
      { ...proof, path: [...proof.path].reverse() },
      ...proof.path.map((_, changed) => ({
        ...proof,
        path: proof.path.map((hash, at) => (at === changed ? flipped(hash) : hash)),
      })),
    ]
    for (const forgery of forgeries) expect(isProved(root, size, forgery)).to.equal(false)
    expect(isProved(root, size + 1, proof)).to.equal(false)
    expect(isProved(root, size, proof)).to.equal(true)
  })
})
