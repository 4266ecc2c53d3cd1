import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import type { Hex } from 'viem'
import { ScripError } from '../../errors/ScripError.ts'
import { kilobytes } from '../../http/price.ts'
import { receiveProblem } from '../../http/problem.ts'
import { piecePath } from '../paths.ts'
import type { BuyerAgreement, OnProgress } from './Buyer.ts'
import { costOf } from './createAgreeing.ts'
import type { Payments } from './createPayments.ts'
import { rootOfFile } from './storePiece.ts'

/** What `fetchPiece` takes. */
export type FetchPieceParameters = {
  payments: Payments
  agreement: BuyerAgreement
  root: Hex
  /** Bytes of the piece, where they are known: no more are taken. */
  size: number | undefined
  path: string
  onProgress?: OnProgress
  signal?: AbortSignal
}

/** Writes a piece to a file, and checks that it is the one: `Buyer.fetchPiece`. */
export async function fetchPiece(parameters: FetchPieceParameters): Promise<void> {
  const { root, path } = parameters
  const part = `${path}.part`
  const file = await open(part, 'a+').catch((cause: unknown) => {
    throw new ScripError('FILE_UNWRITABLE', { detail: `${part} cannot be written.`, values: { path: part }, cause })
  })
  try {
    await append(parameters, file)
    await file.sync()
    if ((await rootOfFile(file, part)).root !== root) {
      await rm(part, { force: true })
      throw new ScripError('PIECE_ALTERED', {
        detail: 'The seller gave other bytes than those that were stored.',
        values: { root },
      })
    }
  } finally {
    await file.close()
  }
  await rename(part, path)
}

/** Asks for what is missing, and writes it down as it comes. */
async function append(parameters: FetchPieceParameters, file: FileHandle): Promise<void> {
  const { payments, agreement, root, size = agreement.agreement.size, onProgress, signal } = parameters
  const terms = agreement.agreement
  const { size: present } = await file.stat()
  // What lies there may be another piece's: that shows when its root is compared.
  if (present === parameters.size) return
  if (present > size) await file.truncate(0)
  const start = present > size ? 0 : present
  const price = { unit: 'kilobyte', amount: terms.perKilobyteRead, count: BigInt(kilobytes(size - start)) } as const
  const pay = payments.fetchAt(terms, price, costOf(terms))
  const answer = await pay(new URL(piecePath(agreement.id, root), agreement.url), {
    headers: start > 0 ? { range: `bytes=${start}-` } : {},
    ...(signal && { signal }),
  })
  const isAll = answer.status === 416 && answer.headers.get('content-range') === `bytes */${start}`
  if (isAll) return void (await answer.body?.cancel())
  if (!answer.ok || answer.body === null) throw await receiveProblem(answer)
  if (start > 0 && !answer.headers.get('content-range')?.startsWith(`bytes ${start}-`)) {
    await answer.body.cancel()
    throw new ScripError('PROTOCOL_VIOLATION', { detail: `The seller was asked for what follows byte ${start}.` })
  }
  let done = start
  for await (const bytes of answer.body) {
    await file.appendFile(bytes)
    done += bytes.length
    onProgress?.(done, size)
  }
}
