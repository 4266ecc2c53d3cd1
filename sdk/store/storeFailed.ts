import { ScripError } from '../errors/ScripError.ts'

/** What to do about SQLite's result codes (https://www.sqlite.org/rescode.html). */
const hintsByResult: Readonly<Record<number, string>> = {
  ...same([3, 8, 14], 'Check that the path is right, and that this user may read and write the file and its folder.'),
  ...same([5, 6], 'Another program holds the file: end it, or wait until it has read what it wants.'),
  ...same([10, 13], 'Make room on the disk, or replace it; nothing of the last write was kept.'),
  11: 'The file is damaged: copy it with its -wal, restore a backup, or go on with a new one; peers return what they hold.',
  26: 'Name another file with --store; this one was left as it is.',
}

const hintsByError: Readonly<Record<string, string>> = {
  ...same(
    ['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENAMETOOLONG'],
    hintsByResult[14] as string,
  ),
  ...same(['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO'], hintsByResult[13] as string),
}

/** The failure of a store in a file, with what to do about it where that is known. */
export function storeFailed(path: string, cause: unknown): ScripError {
  if (cause instanceof ScripError) return cause
  const hint = hintOf(cause)
  return new ScripError('STORE_FAILED', {
    detail: `The store ${path} failed: ${cause instanceof Error ? cause.message : String(cause)}.`,
    values: { path },
    cause,
    ...(hint !== undefined && { hint }),
  })
}

function hintOf(cause: unknown): string | undefined {
  const { errcode, code } = cause as { errcode?: unknown; code?: unknown }
  // The low byte is the kind; the others tell more about it.
  return typeof errcode === 'number' ? hintsByResult[errcode & 0xff] : hintsByError[String(code)]
}

function same(keys: readonly (string | number)[], hint: string): Record<string, string> {
  return Object.fromEntries(keys.map((key) => [key, hint]))
}
