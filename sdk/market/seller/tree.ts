import type { FileHandle } from 'node:fs/promises'
import type { Hex } from 'viem'
import { ScripError } from '../../errors/ScripError.ts'
import {
  createRootBuilder,
  hashLeaf,
  hashNode,
  LEAF,
  LEAVES_IN_CHUNK,
  leavesIn,
  type Proof,
  pathIn,
} from '../merkle.ts'

/** Bytes of a piece over which the tree keeps one hash. */
const CHUNK = LEAF * LEAVES_IN_CHUNK

const HASH = 32

/** Hashes that are read and written at a time; even, so that no pair is cut in two. */
const AT_ONCE = 2_048

/** Hashes in the lowest level that a tree keeps. */
function chunksIn(size: number): number {
  return Math.ceil(size / CHUNK)
}

/**
 * Reads a piece and writes its tree: the hash of every chunk, then level by level the hashes above, a thousandth of the piece's
 * size in all. Memory stays the same, however large the piece is.
 * @returns The root of what was read.
 */
export async function writeTree(piece: FileHandle, size: number, tree: FileHandle): Promise<Hex> {
  let written = 0
  let buffer: Uint8Array[] = []
  const flush = async () => {
    const bytes = Buffer.concat(buffer)
    buffer = []
    await writeAll(tree, bytes, written)
    written += bytes.length
  }
  const builder = createRootBuilder((top) => buffer.push(top))
  const bytes = Buffer.allocUnsafe(CHUNK)
  for (let at = 0; at < size; at += CHUNK) {
    const length = Math.min(CHUNK, size - at)
    await readAll(piece, bytes.subarray(0, length), at)
    builder.add(bytes.subarray(0, length))
    if (buffer.length >= AT_ONCE) await flush()
  }
  const root = builder.finish()
  await flush()
  let start = 0
  for (let width = chunksIn(size); width > 1; width = Math.ceil(width / 2)) {
    for (let at = 0; at < width; at += AT_ONCE) {
      const hashes = await readHashes(tree, start, at, Math.min(AT_ONCE, width - at))
      for (let index = 0; index < hashes.length; index += 2) {
        const [left, right] = [hashes[index] as Uint8Array, hashes[index + 1]]
        buffer.push(right === undefined ? left : hashNode(left, right))
      }
      await flush()
    }
    start += width * HASH
  }
  return root
}

/** A leaf of a piece with its path, from one chunk of the piece and one hash a level of its tree. */
export async function proveLeaf(piece: FileHandle, tree: FileHandle, size: number, index: number): Promise<Proof> {
  const chunk = Math.floor(index / LEAVES_IN_CHUNK)
  const bytes = new Uint8Array(Math.min(CHUNK, size - chunk * CHUNK))
  await readAll(piece, bytes, chunk * CHUNK)
  const leaves = Array.from({ length: leavesIn(bytes.length) }, (_, at) => bytes.subarray(at * LEAF, (at + 1) * LEAF))
  const within = index % LEAVES_IN_CHUNK
  const path = pathIn(leaves.map(hashLeaf), within)
  let start = 0
  let at = chunk
  for (let width = chunksIn(size); width > 1; width = Math.ceil(width / 2)) {
    const isAlone = at === width - 1 && at % 2 === 0
    if (!isAlone) path.push(...(await readHashes(tree, start, at % 2 === 0 ? at + 1 : at - 1, 1)))
    start += width * HASH
    at = Math.floor(at / 2)
  }
  return { index, leaf: leaves[within] as Uint8Array, path }
}

async function readHashes(tree: FileHandle, start: number, index: number, count: number): Promise<Uint8Array[]> {
  const bytes = new Uint8Array(count * HASH)
  await readAll(tree, bytes, start + index * HASH)
  return Array.from({ length: count }, (_, at) => bytes.subarray(at * HASH, (at + 1) * HASH))
}

/** Fills a buffer from a file. @throws `PIECE_UNKNOWN` where the file is shorter than it was */
async function readAll(file: FileHandle, into: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < into.length; ) {
    const { bytesRead } = await file.read(into, done, into.length - done, position + done)
    if (bytesRead === 0) throw new ScripError('PIECE_UNKNOWN', { detail: 'A part of the piece is gone.' })
    done += bytesRead
  }
}

/** Writes all of a buffer into a file. */
export async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done)
    done += bytesWritten
  }
}
