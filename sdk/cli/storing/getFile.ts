import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ScripError } from '../../errors/ScripError.ts'
import { kilobytes } from '../../http/price.ts'
import { decryptFile, openIdentity } from '../../market/index.ts'
import { scripHome } from '../context.ts'
import { count, type Output } from '../output.ts'
import { fileName, requireWritable, unwritable } from '../outputFile.ts'
import { amountOf, readUnit } from '../units.ts'
import { type BuyingOptions, openBuying } from './openBuying.ts'
import { findStored } from './storedFiles.ts'

/** The options of `scrip store get`. */
export type GetOptions = BuyingOptions & { output?: string; identity?: string }

/** Reads a stored file back, and decrypts it. Run again, it goes on where it was. */
export async function getFile(options: GetOptions, name = ''): Promise<Output> {
  const output = requireWritable(options.output ?? fileName(new URL(`file:///${encodeURIComponent(name)}`)))
  const buying = await openBuying(options)
  try {
    const file = await findStored(buying.store, name)
    // Before anything is paid: with no key there is nothing to be had.
    const identity = file.isPlain
      ? undefined
      : await openIdentity(options.identity ?? join(scripHome(), 'identity.txt'))
    const found = (await buying.buyer.agreements()).find(({ id }) => id === file.agreement)
    const piece = (await buying.buyer.pieces()).find(
      ({ agreement, root }) => agreement === file.agreement && root === file.root,
    )
    if (found === undefined || piece === undefined) throw new ScripError('AGREEMENT_UNKNOWN')
    const { currency, perKilobyteRead } = found.agreement
    const unit = await readUnit(buying.client, currency)
    const path = identity === undefined ? output : join(buying.folder, file.root)
    const isThere = identity !== undefined && (await stat(path).catch(() => undefined))?.size === piece.size
    buying.requireWithinLimit(isThere ? 0n : BigInt(kilobytes(piece.size)) * perKilobyteRead, unit)
    await buying.work(output, unit, async (onProgress) => {
      if (!isThere) await buying.buyer.fetchPiece({ agreement: file.agreement, root: file.root, path, onProgress })
      // With another key it can be tried again, without paying again.
      if (identity !== undefined) await decryptFile({ source: path, target: output, identity })
    })
    if (path !== output) await rm(path, { force: true })
    const spent = buying.spent()
    return {
      lines: [`Got ${output}, ${count(file.size, 'byte')}, for ${amountOf(spent, unit)}`],
      data: { output, name, size: file.size, agreement: file.agreement, root: file.root, currency, spent },
    }
  } catch (error) {
    throw unwritable(output, error)
  } finally {
    await buying.close()
  }
}
