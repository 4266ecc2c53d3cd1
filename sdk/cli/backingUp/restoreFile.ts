import { createHash } from 'node:crypto'
import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createBackups, decryptFile, openIdentity } from '../../market/index.ts'
import { scripHome } from '../context.ts'
import { count, type Output } from '../output.ts'
import { fileName, requireWritable, unwritable } from '../outputFile.ts'
import { type BuyingOptions, openBuying } from '../storing/openBuying.ts'
import { amountOf, readUnit } from '../units.ts'
import { findBackup } from './findBackup.ts'
import { readPrice } from './readPrice.ts'

/** The options of `scrip restore`. */
export type RestoreOptions = BuyingOptions & { output?: string; identity?: string }

/** Reads as many pieces of a backup as are needed, puts it together and decrypts it. Run again, it goes on where it was. */
export async function restoreFile(options: RestoreOptions, name = ''): Promise<Output> {
  const output = requireWritable(options.output ?? fileName(new URL(`file:///${encodeURIComponent(name)}`)))
  const buying = await openBuying(options)
  try {
    const backups = createBackups({ buyer: buying.buyer, store: buying.store, folder: buying.folder })
    const backup = await findBackup(backups, name)
    // Before anything is paid: with no key there is nothing to be had.
    const identity = await openIdentity(options.identity ?? join(scripHome(), 'identity.txt'))
    const unit = await readUnit(buying.client, backup.currency)
    const sealed = join(buying.folder, `${createHash('sha256').update(backup.root).digest('hex')}.restored`)
    const isThere = (await stat(sealed).catch(() => undefined))?.size === backup.size
    buying.requireWithinLimit(isThere ? 0n : await readPrice(buying, backup), unit)
    await buying.work(output, unit, async (onProgress) => {
      if (!isThere) await backups.restore({ name, target: sealed, onProgress })
      // With another key it can be tried again, without paying again.
      await decryptFile({ source: sealed, target: output, identity })
    })
    await rm(sealed, { force: true })
    const { size } = await stat(output)
    const spent = buying.spent()
    return {
      lines: [`Restored ${output}, ${count(size, 'byte')}, for ${amountOf(spent, unit)}`],
      data: { output, name, size, currency: backup.currency, spent },
    }
  } catch (error) {
    throw unwritable(output, error)
  } finally {
    await buying.close()
  }
}
