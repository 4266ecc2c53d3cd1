import { readFileSync } from 'node:fs'
import { ScripError } from '../errors/ScripError.ts'

/** What is in a file; `-` is what is typed or piped in. @throws `FILE_NOT_FOUND` */
export function readInput(path: string): Buffer {
  try {
    return readFileSync(path === '-' ? 0 : path)
  } catch (cause) {
    throw new ScripError('FILE_NOT_FOUND', { detail: `${path} cannot be read.`, values: { path }, cause })
  }
}
