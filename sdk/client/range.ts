import { ScripError } from '../errors/ScripError.ts'

/**
 * The headers that ask for what is missing of something, and for all of it where it changed meanwhile; none where nothing is
 * there yet, or nobody could say whether it changed.
 */
export function rangeHeaders(present: number, etag: string | null): Record<string, string> {
  return present > 0 && isValidator(etag) ? { range: `bytes=${present}-`, 'if-range': etag } : {}
}

/** Whether a header is an ETag. Weak ones will do: file servers make them, of a file's size and time, and go by them. */
export function isValidator(etag: string | null): etag is string {
  return etag !== null && /^(W\/)?"[^"]*"$/.test(etag)
}

/**
 * The byte that an answer begins with: the one asked for, or 0 where all comes anew.
 * @throws `PROTOCOL_VIOLATION` where it is another
 */
export async function startOf(answer: Response, asked: number): Promise<number> {
  if (answer.status !== 206) return 0
  const range = answer.headers.get('content-range') ?? ''
  if (range.startsWith(`bytes ${asked}-`)) return asked
  await answer.body?.cancel()
  throw new ScripError('PROTOCOL_VIOLATION', {
    detail: `The peer was asked for what follows byte ${asked} and sends “${range}”.`,
    values: { asked, range },
  })
}
