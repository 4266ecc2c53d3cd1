import { existsSync } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Hex } from 'viem'
import { ScripError } from '../../errors/ScripError.ts'
import { createTurns } from '../../store/createTurns.ts'
import { type Change, put, type Store, type Table } from '../../store/Store.ts'
import type { Proof } from '../merkle.ts'
import type { StoredPiece } from '../statements.ts'
import { proveLeaf, writeAll, writeTree } from './tree.ts'

/** A piece as its seller knows it. */
export type PieceRecord = {
  /** The agreement's id. */
  readonly agreement: Hex
  readonly root: Hex
  /** Bytes. */
  readonly size: number
  /** Bytes from the start that lie on the disk and would survive a power loss. */
  readonly received: number
  /** What the seller signed of it; there as soon as all of it was checked. */
  readonly stored?: Attested
}

/** A statement with its signature. */
export type Attested = { readonly statement: StoredPiece; readonly signature: Hex }

/** A part of a piece: `length` bytes from `start`. */
export type Part = Pick<PieceRecord, 'agreement' | 'root' | 'size'> & {
  readonly start: number
  readonly length: number
}

/** Where pieces lie: a folder for each agreement, a file for each piece, named by its root. */
export type Shelf = {
  find(agreement: Hex, root: Hex): PieceRecord | undefined
  /** Bytes of an agreement's space that are taken, by pieces under way, too. */
  taken(agreement: Hex): number
  /** The folder of an agreement's pieces. */
  folderOf(agreement: Hex): string
  /**
   * Takes a part. It resolves when the part would survive a power loss; with the last part all of the piece was read again
   * and checked.
   * @throws `PIECE_MISPLACED`, `AGREEMENT_EXCEEDED`, `PIECE_ALTERED`, `DISK_FULL`; nothing of the part is kept then
   */
  write(part: Part, space: number, body: AsyncIterable<Uint8Array>): Promise<PieceRecord>
  /** Leaves of a piece, each with its path. @throws `PIECE_UNKNOWN` where some of it is gone */
  prove(agreement: Hex, root: Hex, leaves: readonly number[]): Promise<Proof[]>
  /** What forgets an agreement's pieces. */
  forgetting(agreement: Hex): Change[]
  /** Frees the space of an agreement that is forgotten. */
  remove(agreement: Hex): Promise<void>
}

/** What `createShelf` takes. */
export type ShelfParameters = {
  folder: string
  store: Store
  /** Says that a piece is there. */
  attest: (piece: Pick<PieceRecord, 'agreement' | 'root' | 'size'>) => Promise<Attested>
  /** The agreements that are known: what lies in folders of others is left from a crash, and removed. */
  isKnown: (agreement: Hex) => boolean
}

const pieces: Table<PieceRecord> = 'market/pieces'

/** Opens a shelf, with what is on it. */
export async function createShelf({ folder, store, attest, isKnown }: ShelfParameters): Promise<Shelf> {
  const known = new Map<Hex, Map<Hex, PieceRecord>>()
  const turns = createTurns()
  const folderOf = (agreement: Hex) => join(folder, agreement)

  const keep = (record: PieceRecord) => {
    const ofAgreement = known.get(record.agreement) ?? new Map<Hex, PieceRecord>()
    known.set(record.agreement, ofAgreement.set(record.root, record))
  }
  const drop = ({ agreement, root }: Pick<PieceRecord, 'agreement' | 'root'>) => known.get(agreement)?.delete(root)
  const find = (agreement: Hex, root: Hex) => known.get(agreement)?.get(root)
  const taken = (agreement: Hex) => {
    let sum = 0
    for (const { size } of known.get(agreement)?.values() ?? []) sum += size
    return sum
  }

  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const record of await store.all(pieces)) {
    if (!isKnown(record.agreement)) {
      // The last part came when its agreement was over.
      await store.write([{ table: pieces, key: keyOf(record), remove: true }])
      continue
    }
    keep(record)
    const path = join(folderOf(record.agreement), record.root)
    // Put in its place by a process that ended before it could say so.
    if (record.stored === undefined && existsSync(path)) await rename(path, `${path}.part`)
  }
  for (const name of await readdir(folder)) {
    // Only what a seller made: a folder that was named by mistake keeps what it has.
    if (/^0x[0-9a-f]{64}$/.test(name) && !isKnown(name as Hex))
      await rm(join(folder, name), { recursive: true, force: true })
  }

  /** The record that a part goes on from. Space is taken before anything is waited for, so that none is given twice. */
  const begin = ({ agreement, root, size, start }: Part, space: number): PieceRecord => {
    const present = find(agreement, root)
    if (present !== undefined && present.size !== size) throw altered(root)
    const received = present?.received ?? 0
    if (start !== received) throw new ScripError('PIECE_MISPLACED', { values: { received, start } })
    if (present !== undefined) return present
    const left = space - taken(agreement)
    if (size > left) {
      throw new ScripError('AGREEMENT_EXCEEDED', {
        detail: `${left} bytes are left of the agreement's ${space}; the piece has ${size}.`,
        values: { left, size },
      })
    }
    const record = { agreement, root, size, received: 0 }
    keep(record)
    return record
  }

  const write = async (part: Part, space: number, body: AsyncIterable<Uint8Array>): Promise<PieceRecord> => {
    const before = begin(part, space)
    const path = join(folderOf(part.agreement), part.root)
    try {
      if (before.received === 0) await makeFolder(folderOf(part.agreement))
      await writePart(`${path}.part`, part, body)
      const record = { ...before, received: part.start + part.length }
      const isWhole = record.received === record.size
      const next = isWhole ? { ...record, stored: await finish(path, record) } : record
      await store.write([put(pieces, keyOf(next), next)])
      keep(next)
      return next
    } catch (error) {
      const isAltered = error instanceof ScripError && error.code === 'PIECE_ALTERED'
      if (isAltered) await forgetPiece(before, path)
      else if (before.received === 0) drop(before)
      throw error
    }
  }

  /** Checks all of a piece and puts it in its place. */
  const finish = async (path: string, { agreement, root, size }: PieceRecord): Promise<Attested> => {
    await withFiles(`${path}.part`, `${path}.tree`, 'r+', 'w+', async (piece, tree) => {
      await piece.truncate(size)
      if ((await writeTree(piece, size, tree)) !== root) throw altered(root)
      await Promise.all([piece.sync(), tree.sync()])
    })
    await rename(`${path}.part`, path)
    await syncFolder(folderOf(agreement))
    return attest({ agreement, root, size })
  }

  /** Bytes that are not what their name says can never become it. */
  const forgetPiece = async (record: PieceRecord, path: string) => {
    await store.write([{ table: pieces, key: keyOf(record), remove: true }])
    drop(record)
    for (const end of ['.part', '.tree']) await rm(`${path}${end}`, { force: true })
  }

  return {
    find,
    taken,
    folderOf,
    write: (part, space, body) => turns.take(keyOf(part), () => write(part, space, body)),

    prove: async (agreement, root, leaves) => {
      const path = join(folderOf(agreement), root)
      const { size } = find(agreement, root) ?? { size: 0 }
      return withFiles(path, `${path}.tree`, 'r', 'r', async (piece, tree) => {
        const proofs: Proof[] = []
        for (const leaf of leaves) proofs.push(await proveLeaf(piece, tree, size, leaf))
        return proofs
      })
    },

    forgetting: (agreement) =>
      [...(known.get(agreement)?.values() ?? [])].map((record) => ({
        table: pieces,
        key: keyOf(record),
        remove: true as const,
      })),

    remove: async (agreement) => {
      known.delete(agreement)
      await rm(folderOf(agreement), { recursive: true, force: true })
    },
  }
}

/** Writes a part's bytes into the file, and waits until the disk has them. */
async function writePart(path: string, { start, length }: Part, body: AsyncIterable<Uint8Array>): Promise<void> {
  // What lies there from before a crash is written over: only what is on record counts.
  const file = await open(path, start === 0 ? 'w' : 'r+').catch(rethrow)
  try {
    let done = 0
    for await (const bytes of body) {
      if (done + bytes.length > length) throw wrongLength(length)
      await writeAll(file, bytes, start + done)
      done += bytes.length
    }
    if (done < length) throw wrongLength(length)
    await file.sync()
  } catch (error) {
    // Gives the space back; where even that fails, the next part writes over it.
    await file.truncate(start).catch(() => {})
    return rethrow(error)
  } finally {
    await file.close()
  }
}

async function withFiles<Result>(
  piecePath: string,
  treePath: string,
  pieceFlags: string,
  treeFlags: string,
  work: (piece: FileHandle, tree: FileHandle) => Promise<Result>,
): Promise<Result> {
  const piece = await open(piecePath, pieceFlags).catch(rethrow)
  try {
    const tree = await open(treePath, treeFlags).catch(rethrow)
    try {
      return await work(piece, tree).catch(rethrow)
    } finally {
      await tree.close()
    }
  } finally {
    await piece.close()
  }
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 }).catch(rethrow)
}

/** Has a folder's names survive a power loss. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** What the file system says, as one of our errors where it is one. */
function rethrow(error: unknown): never {
  const { code = '' } = error as NodeJS.ErrnoException
  if (['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code)) throw new ScripError('DISK_FULL', { cause: error })
  if (code === 'ENOENT') throw new ScripError('PIECE_UNKNOWN', { detail: 'The piece is gone.', cause: error })
  throw error
}

function altered(root: Hex): ScripError {
  return new ScripError('PIECE_ALTERED', { values: { root } })
}

function wrongLength(length: number): ScripError {
  return new ScripError('INVALID_ARGUMENT', {
    detail: `The part has not the ${length} bytes that it announced.`,
    values: { length },
  })
}

function keyOf({ agreement, root }: Pick<PieceRecord, 'agreement' | 'root'>): string {
  return `${agreement}/${root}`
}
