import { ScripError } from '../../errors/ScripError.ts'
import type { Backup, Backups } from '../../market/index.ts'

/** A backup by its name. @throws `FILE_NOT_FOUND` */
export async function findBackup(backups: Backups, name: string): Promise<Backup> {
  const backup = (await backups.list()).find((one) => one.name === name)
  if (backup !== undefined) return backup
  throw new ScripError('FILE_NOT_FOUND', {
    detail: `Nothing is backed up as ${name}.`,
    hint: '`scrip backups` shows what is.',
    values: { name },
  })
}
