import { readFileSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { ScripError } from '../errors/ScripError.ts'

/** What is in a file. @throws `FILE_NOT_FOUND` */
export function readInputFile(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new ScripError('FILE_NOT_FOUND', { detail: `${path} cannot be read.`, values: { path }, cause })
  }
}

/** What is in a file; for `-`, what is typed or piped in. @throws `FILE_NOT_FOUND` */
export async function readInput(path: string): Promise<Buffer> {
  return path === '-' ? buffer(process.stdin) : readInputFile(path)
}
