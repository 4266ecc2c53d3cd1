import { accessSync, constants, statSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { ScripError } from '../errors/ScripError.ts'

/** The name of what is at an address. It never leads out of the folder, and is one that a terminal can show. */
export function fileName({ pathname }: URL): string {
  const name = basename(decode(pathname))
  return /^\.*$|\p{Cc}/u.test(name) ? 'index' : name
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The path, if a file can be written there: to be known before anything is paid. @throws `FILE_UNWRITABLE` */
export function requireWritable(path: string): string {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new ScripError('FILE_UNWRITABLE', {
      detail: `${path} is a folder.`,
      hint: 'Name a file with --output.',
      values: { path },
    })
  }
  try {
    accessSync(dirname(resolve(path)), constants.W_OK)
  } catch (error) {
    throw unwritable(path, error)
  }
  return path
}

/** What the file system says as one of our errors; everything else as it is. */
export function unwritable(path: string, error: unknown): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException
  if (error instanceof ScripError || code === undefined || syscall === undefined) return error
  return new ScripError('FILE_UNWRITABLE', {
    detail: `${path} cannot be written: ${code}.`,
    values: { path },
    cause: error,
  })
}
