import { hash } from 'node:crypto'
import type { Hex } from 'viem'
import { fromNumber, toHex } from '../channels/bytes.ts'

/** Bytes of a leaf: what a challenge asks for. The last one of a piece may be shorter. */
export const LEAF = 1_024

/** A leaf, with the hashes that lead from it to its piece's root, the lowest first. */
export type Proof = { readonly index: number; readonly leaf: Uint8Array; readonly path: readonly Uint8Array[] }

/** Leaves, nodes and roots are hashed apart, so that none can be taken for another (as in RFC 6962, 2.1). */
const [LEAF_PREFIX, NODE_PREFIX, ROOT_PREFIX] = [0, 1, 2].map((byte) => Uint8Array.of(byte)) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
]

/** SHA-256, which the chain has, too. */
const sha256 = (...parts: Uint8Array[]): Uint8Array => hash('sha256', Buffer.concat(parts), 'buffer')

export function hashLeaf(leaf: Uint8Array): Uint8Array {
  return sha256(LEAF_PREFIX, leaf)
}

export function hashNode(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(NODE_PREFIX, left, right)
}

/** The root of a piece: the hash of its size and of the top of its tree. It is the piece's name. */
export function hashRoot(size: number, top: Uint8Array): Hex {
  return toHex(sha256(ROOT_PREFIX, fromNumber(size, 8), top))
}

/** Leaves of so many bytes. A piece has one byte at least. */
export function leavesIn(size: number): number {
  return Math.ceil(size / LEAF)
}

/**
 * The hashes one level up: two by two, and where one is left over, that one as it is. Level by level it makes the tree of
 * RFC 6962.
 */
export function levelAbove(hashes: readonly Uint8Array[]): Uint8Array[] {
  const above: Uint8Array[] = []
  for (let at = 0; at < hashes.length; at += 2) {
    const [left, right] = [hashes[at] as Uint8Array, hashes[at + 1]]
    above.push(right === undefined ? left : hashNode(left, right))
  }
  return above
}

/** The top of the tree over some hashes. */
export function topOf(hashes: readonly Uint8Array[]): Uint8Array {
  let level = hashes
  while (level.length > 1) level = levelAbove(level)
  return level[0] as Uint8Array
}

/** The hash beside each on the way from one of the hashes to the top, the lowest first. */
export function pathIn(hashes: readonly Uint8Array[], index: number): Uint8Array[] {
  const path: Uint8Array[] = []
  let level = hashes
  for (let at = index; level.length > 1; at >>= 1) {
    const beside = level[at ^ 1]
    if (beside !== undefined) path.push(beside)
    level = levelAbove(level)
  }
  return path
}

/** Whether a leaf lies where it is said to lie in the piece of this root and size. */
export function isProved(root: Hex, size: number, { index, leaf, path }: Proof): boolean {
  const count = leavesIn(size)
  const length = index === count - 1 ? size - index * LEAF : LEAF
  if (index < 0 || index >= count || leaf.length !== length) return false
  const hashes = [...path]
  let node = hashLeaf(leaf)
  let at = index
  for (let width = count; width > 1; width = Math.ceil(width / 2)) {
    const isAlone = at === width - 1 && at % 2 === 0
    if (!isAlone) {
      const beside = hashes.shift()
      if (beside === undefined || beside.length !== 32) return false
      node = at % 2 === 0 ? hashNode(node, beside) : hashNode(beside, node)
    }
    at = Math.floor(at / 2)
  }
  return hashes.length === 0 && hashRoot(size, node) === root
}

/** Reads bytes as they come and gives the root of all of them, with memory for one hash a level. */
export type RootBuilder = {
  add(bytes: Uint8Array): void
  /** The root of all that was added. */
  finish(): Hex
}

/** Told of every chunk's top, in order: `LEAVES_IN_CHUNK` leaves, the last one maybe fewer. */
export type OnChunk = (top: Uint8Array) => void

/** Leaves over which a seller keeps one hash: the rest is made anew from 64 KiB where it is asked for. */
export const LEAVES_IN_CHUNK = 64

/** Builds the root of a piece from its bytes, in whatever parts they come. */
export function createRootBuilder(onChunk: OnChunk = () => {}): RootBuilder {
  const rest = new Uint8Array(LEAF)
  let restLength = 0
  let size = 0
  let leaves: Uint8Array[] = []
  /** The top of every full tree so far: one of each height where the number of chunks has a 1. */
  const tops: { height: number; hash: Uint8Array }[] = []

  const closeChunk = () => {
    const hash = topOf(leaves)
    leaves = []
    onChunk(hash)
    let top = { height: 0, hash }
    for (let last = tops.at(-1); last?.height === top.height; last = tops.at(-1)) {
      tops.pop()
      top = { height: top.height + 1, hash: hashNode(last.hash, top.hash) }
    }
    tops.push(top)
  }
  const addLeaf = (leaf: Uint8Array) => {
    leaves.push(hashLeaf(leaf))
    if (leaves.length === LEAVES_IN_CHUNK) closeChunk()
  }

  return {
    add: (bytes) => {
      size += bytes.length
      let at = 0
      if (restLength > 0) {
        at = Math.min(LEAF - restLength, bytes.length)
        rest.set(bytes.subarray(0, at), restLength)
        restLength += at
        if (restLength < LEAF) return
        addLeaf(rest)
      }
      for (; at + LEAF <= bytes.length; at += LEAF) addLeaf(bytes.subarray(at, at + LEAF))
      rest.set(bytes.subarray(at))
      restLength = bytes.length - at
    },

    finish: () => {
      if (restLength > 0) addLeaf(rest.subarray(0, restLength))
      if (leaves.length > 0) closeChunk()
      const hashes = tops.map(({ hash }) => hash)
      // What is left over at the right goes up alone until it meets the next full tree.
      const top = hashes.reduceRight((right, left) => hashNode(left, right))
      return hashRoot(size, top)
    },
  }
}

/** The root of bytes that are in memory. */
export function rootOf(bytes: Uint8Array): Hex {
  const builder = createRootBuilder()
  builder.add(bytes)
  return builder.finish()
}
