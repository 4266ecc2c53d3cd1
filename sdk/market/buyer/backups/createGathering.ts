import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ScripError } from '../../../errors/ScripError.ts'
import { pieceSize } from '../../backup/pieceSize.ts'
import type { Buyer, OnProgress } from '../Buyer.ts'
import type { Backup, BackupPlace } from './Backups.ts'
import type { TrackRecord } from './createTrackRecord.ts'
import { gatherFile, type PieceFile } from './pieceFiles.ts'
import { hasRoot, isAboutSeller } from './records.ts'

/** How work is watched and ended. */
export type Work = { readonly onProgress?: OnProgress | undefined; readonly signal?: AbortSignal | undefined }

/** Gets files back from their pieces. */
export type Gathering = {
  /** Writes the file to `target`. @throws `BACKUP_LOST` */
  gather(backup: Backup, target: string, work: Work): Promise<void>
  /** The file, where it is put together until `forget`. @throws `BACKUP_LOST` */
  whole(backup: Backup, work: Work): Promise<string>
  forget(backup: Backup): Promise<void>
}

/** Where a piece lies while it is under way. Pieces of the same bytes, cut in the same way, are the same. */
export function pieceFile(folder: string, { root, needed }: Backup, number: number): string {
  return join(folder, `${root}.${needed}.${number}`)
}

export function createGathering({
  buyer,
  record,
  folder,
}: {
  buyer: Buyer
  record: TrackRecord
  folder: string
}): Gathering {
  /** Reads as many pieces as are needed, the cheapest first, and puts the file together. */
  const gather = async (backup: Backup, target: string, { onProgress, signal }: Work): Promise<void> => {
    const size = pieceSize(backup.size, backup.needed)
    const agreements = await buyer.agreements()
    const readPrice = ({ agreement }: BackupPlace) =>
      agreements.find(({ id }) => id === agreement)?.agreement.perKilobyteRead ?? 0n
    // What is here already costs nothing; who failed is asked last, and may have it all the same.
    const rank = ({ number, isLost }: BackupPlace) =>
      existsSync(pieceFile(folder, backup, number)) ? 0 : isLost ? 2 : 1
    const places = backup.places
      .filter(hasRoot)
      .sort((one, other) => rank(one) - rank(other) || compare(readPrice(one), readPrice(other)))
    const read: PieceFile[] = []
    const problems: string[] = []
    for (const place of places) {
      if (read.length === backup.needed) break
      const { number, agreement, root } = place
      const path = pieceFile(folder, backup, number)
      const report = (done: number) => onProgress?.(read.length * size + done, backup.needed * size)
      try {
        signal?.throwIfAborted()
        if (!existsSync(path)) {
          await buyer.fetchPiece({ agreement, root, path, onProgress: report, ...(signal && { signal }) })
          await record.held(place.seller, place.chosenAt)
        }
        read.push({ number, path })
      } catch (error) {
        if (!isAboutSeller(error) || signal?.aborted) throw error
        problems.push(`${place.url}: ${(error as ScripError).code}`)
      }
    }
    if (read.length < backup.needed) {
      throw new ScripError('BACKUP_LOST', {
        detail: `Of ${backup.name}, ${read.length} pieces can be read now, and ${backup.needed} are needed (${problems.join(', ')}).`,
        values: { name: backup.name, readable: read.length, needed: backup.needed, problems },
      })
    }
    await gatherFile(read, { needed: backup.needed, size: backup.size, target })
    await Promise.all(read.map(({ path }) => rm(path, { force: true })))
  }

  const wholeFile = (backup: Backup): string => `${pieceFile(folder, backup, 0)}.whole`

  return {
    gather,
    whole: async (backup, work) => {
      const path = wholeFile(backup)
      if (!existsSync(path)) await gather(backup, path, work)
      return path
    },
    forget: (backup) => rm(wholeFile(backup), { force: true }),
  }
}

function compare(one: bigint, other: bigint): number {
  return one < other ? -1 : one > other ? 1 : 0
}
