import { type FileHandle, open } from 'node:fs/promises'
import type { Hex } from 'viem'
import { reach } from '../../client/reach.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { kilobytes } from '../../http/price.ts'
import { receiveProblem } from '../../http/problem.ts'
import { readText } from '../../http/readText.ts'
import { put, type Store } from '../../store/Store.ts'
import { createRootBuilder, LEAF } from '../merkle.ts'
import { piecePath, statePath } from '../paths.ts'
import { attestedIn, type PieceState, readState } from '../pieceState.ts'
import type { BuyerAgreement, BuyerPiece, OnProgress } from './Buyer.ts'
import { costOf } from './createAgreeing.ts'
import type { Payments } from './createPayments.ts'
import { pieceKey, pieces } from './records.ts'

/** Bytes of the first part: what a seller that takes a payment and keeps nothing can take. As much as a reader pays ahead. */
const FIRST_PART = 65_536

/** Bytes of a part at most. */
const MOST_PART = 2 ** 20

/** Bytes that are read from a file at a time to make its root. */
const READ = 2 ** 20

/** Bytes of a state that are read at most. */
const LONGEST_STATE = 4_096

/** What `storePiece` takes. */
export type StorePieceParameters = {
  store: Store
  payments: Payments
  agreement: BuyerAgreement
  path: string
  onProgress?: OnProgress
  signal?: AbortSignal
}

/** Stores a file's bytes: `Buyer.storePiece`. */
export async function storePiece(parameters: StorePieceParameters): Promise<BuyerPiece> {
  const { path, agreement, store, payments, onProgress, signal } = parameters
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new ScripError('FILE_NOT_FOUND', { detail: `${path} cannot be read.`, values: { path }, cause })
  })
  try {
    const { root, size } = await rootOfFile(file, path)
    const present = await store.get(pieces, pieceKey(agreement.id, root))
    if (present?.stored !== undefined) return present
    const piece: BuyerPiece = { agreement: agreement.id, root, size }
    // Before the first byte leaves: what a crash leaves behind with the seller can be found again.
    await store.write([put(pieces, pieceKey(agreement.id, root), piece)])
    const state = await send({ file, piece, agreement, payments, onProgress, signal })
    const stored = attestedIn(agreement.agreement, piece, state)
    if (stored === undefined) {
      throw new ScripError('PROTOCOL_VIOLATION', {
        detail: 'The seller took all of the piece, and does not sign that it has it.',
        values: { root },
      })
    }
    const whole = { ...piece, stored }
    await store.write([put(pieces, pieceKey(agreement.id, root), whole)])
    return whole
  } finally {
    await file.close()
  }
}

type SendParameters = {
  file: FileHandle
  piece: BuyerPiece
  agreement: BuyerAgreement
  payments: Payments
  onProgress: OnProgress | undefined
  signal: AbortSignal | undefined
}

/** Sends what the seller does not have, part by part: each is paid as it goes, and the next only when it is kept. */
async function send({ file, piece, agreement, payments, onProgress, signal }: SendParameters): Promise<PieceState> {
  const { root, size } = piece
  const { url, id } = agreement
  const terms = agreement.agreement
  let state = await askState(url, id, root, signal)
  let misplaced = -1
  while (state.signature === undefined) {
    const start = state.received
    onProgress?.(start, size)
    const body = new Uint8Array(Math.max(0, Math.min(partAfter(start), size - start)))
    if (body.length === 0) throw new ScripError('PROTOCOL_VIOLATION', { detail: 'The seller has more than there is.' })
    await readPart(file, body, start)
    const price = {
      unit: 'call',
      amount: BigInt(kilobytes(body.length)) * terms.perKilobyteWritten,
      count: 1n,
    } as const
    const pay = payments.fetchAt(terms, price, costOf(terms))
    const answer = await pay(new URL(piecePath(id, root), url), {
      method: 'PUT',
      headers: { 'content-range': `bytes ${start}-${start + body.length - 1}/${size}` },
      body,
      ...(signal && { signal }),
    }).catch((error: unknown) => {
      throw explained(error, start, signal)
    })
    if (answer.ok) {
      state = readState(await readText(answer, LONGEST_STATE))
      if (state.received === start + body.length || state.signature !== undefined) continue
      throw new ScripError('PROTOCOL_VIOLATION', {
        detail: `The seller took the bytes up to ${start + body.length}, and says that it has ${state.received}.`,
      })
    }
    const problem = await receiveProblem(answer)
    if (problem.code !== 'PIECE_MISPLACED' || misplaced === start) throw problem
    // An earlier part arrived although its answer did not.
    misplaced = start
    state = await askState(url, id, root, signal)
  }
  onProgress?.(size, size)
  return state
}

/** Bytes of the part after so many: as many as the seller kept of the piece before, so that it never gains by hanging up. */
function partAfter(received: number): number {
  return Math.min(MOST_PART, Math.max(FIRST_PART, received - (received % LEAF)))
}

/** How far a seller has a piece. Free. */
export async function askState(url: string, id: Hex, root: Hex, signal?: AbortSignal): Promise<PieceState> {
  const answer = await reach(new Request(new URL(statePath(id, root), url), { redirect: 'error' }), signal)
  if (!answer.ok) throw await receiveProblem(answer)
  return readState(await readText(answer, LONGEST_STATE))
}

function explained(error: unknown, start: number, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted || !(error instanceof ScripError) || error.code !== 'PEER_UNREACHABLE') return error
  return new ScripError('TRANSFER_INTERRUPTED', {
    detail: `The seller hung up at byte ${start}; the part from there on may be paid and not kept.`,
    hint: 'Store it again: what the seller keeps is neither sent nor paid again. If it takes payments and keeps nothing, buy elsewhere.',
    values: { start },
    cause: error,
  })
}

/** The root of a file, and its size. @throws `INVALID_ARGUMENT` where it is empty */
export async function rootOfFile(file: FileHandle, path: string): Promise<{ root: Hex; size: number }> {
  const builder = createRootBuilder()
  const bytes = new Uint8Array(READ)
  let size = 0
  for (;;) {
    const { bytesRead } = await file.read(bytes, 0, bytes.length, size)
    if (bytesRead === 0) break
    builder.add(bytes.subarray(0, bytesRead))
    size += bytesRead
  }
  if (size > 0) return { root: builder.finish(), size }
  throw new ScripError('INVALID_ARGUMENT', { detail: `${path} is empty: there is nothing to store.`, values: { path } })
}

async function readPart(file: FileHandle, into: Uint8Array, start: number): Promise<void> {
  for (let done = 0; done < into.length; ) {
    const { bytesRead } = await file.read(into, done, into.length - done, start + done)
    if (bytesRead === 0) {
      throw new ScripError('PIECE_ALTERED', { detail: 'The file became shorter while it was being stored.' })
    }
    done += bytesRead
  }
}
