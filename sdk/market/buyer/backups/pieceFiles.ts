import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { createErasureCode } from '../../backup/erasureCode.ts'
import { STRIPE } from '../../backup/pieceSize.ts'

/** A piece of a file, by its number from 0, and where its bytes are. */
export type PieceFile = { readonly number: number; readonly path: string }

/** Cuts a file into pieces, of which any `needed` give it back, stripe by stripe: memory is for one stripe only. */
export async function spreadFile(source: string, needed: number, pieces: readonly PieceFile[]): Promise<void> {
  const code = createErasureCode(needed, Math.max(needed, ...pieces.map(({ number }) => number + 1)))
  const file = await open(source, 'r')
  try {
    const { size } = await file.stat()
    await writeAll(
      pieces.map(({ path }) => path),
      async (targets) => {
        for (let at = 0; at < size; at += STRIPE * needed) {
          const length = blockLength(size - at, needed)
          const data = await Promise.all(
            Array.from({ length: needed }, (_, block) => readBlock(file, at + block * length, length)),
          )
          const blocks = code.encode(data)
          await Promise.all(
            pieces.map(({ number }, place) => (targets[place] as FileHandle).appendFile(blocks[number] as Uint8Array)),
          )
        }
      },
    )
  } finally {
    await file.close()
  }
}

/** Puts a file of so many bytes together from as many of its pieces as are needed. */
export async function gatherFile(
  pieces: readonly PieceFile[],
  { needed, size, target }: { readonly needed: number; readonly size: number; readonly target: string },
): Promise<void> {
  const code = createErasureCode(needed, Math.max(needed, ...pieces.map(({ number }) => number + 1)))
  const files = await openAll(pieces.map(({ path }) => path))
  try {
    await writeAll([target], async ([file]) => {
      for (let at = 0; at < size; at += STRIPE * needed) {
        const length = blockLength(size - at, needed)
        const blocks: Uint8Array[] = []
        const read = files.map(async (one, place) => {
          blocks[(pieces[place] as PieceFile).number] = await readBlock(one, at / needed, length)
        })
        await Promise.all(read)
        const data = Buffer.concat(code.decode(Array.from(blocks)))
        await file?.appendFile(data.subarray(0, size - at))
      }
    })
  } finally {
    await Promise.all(files.map((file) => file.close()))
  }
}

/** Bytes of a stripe that go into each piece, where so many bytes are left. */
function blockLength(left: number, needed: number): number {
  return Math.min(STRIPE, Math.ceil(left / needed))
}

/** A block; where the file ends before, the rest of it is 0. */
async function readBlock(file: FileHandle, start: number, length: number): Promise<Uint8Array> {
  const block = new Uint8Array(length)
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(block, done, length - done, start + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return block
}

async function openAll(paths: readonly string[], flags = 'r'): Promise<FileHandle[]> {
  const opened = await Promise.allSettled(paths.map((path) => open(path, flags, 0o600)))
  const files = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const failed = opened.find((one) => one.status === 'rejected')
  if (failed === undefined) return files
  await Promise.all(files.map((file) => file.close()))
  throw failed.reason
}

/** Writes files by way of other names: each is whole, or not there. */
async function writeAll(paths: readonly string[], write: (files: FileHandle[]) => Promise<void>): Promise<void> {
  const parts = paths.map((path) => `${path}.writing`)
  const files = await openAll(parts, 'w')
  try {
    await write(files)
    await Promise.all(files.map((file) => file.sync()))
  } catch (error) {
    await Promise.all(parts.map((part) => rm(part, { force: true })))
    throw error
  } finally {
    await Promise.all(files.map((file) => file.close()))
  }
  await Promise.all(parts.map((part, place) => rename(part, paths[place] as string)))
}
