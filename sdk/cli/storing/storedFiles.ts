import type { Hex } from 'viem'
import { ScripError } from '../../errors/ScripError.ts'
import type { Store, Table } from '../../store/Store.ts'

/** A file that was stored, or is being stored. */
export type StoredFile = {
  readonly name: string
  /** Tells a file that changed from one that is stored again. */
  readonly version: string
  /** Bytes, as the file has them. */
  readonly size: number
  /** Whether it is stored as it is. */
  readonly isPlain: boolean
  readonly agreement: Hex
  /** There as soon as the seller has all of it. */
  readonly root?: Hex
}

export const storedFiles: Table<StoredFile> = 'cli/stored-files'

/** A file that a seller has all of. @throws `FILE_NOT_FOUND` */
export async function findStored(store: Store, name: string): Promise<StoredFile & { readonly root: Hex }> {
  const file = await store.get(storedFiles, name)
  if (file?.root !== undefined) return { ...file, root: file.root }
  throw new ScripError('FILE_NOT_FOUND', {
    detail: file === undefined ? `Nothing is stored as ${name}.` : `${name} is not stored to its end.`,
    hint: file === undefined ? '`scrip store list` shows what is stored.' : 'Run the same `scrip store put` again.',
    values: { name },
  })
}
