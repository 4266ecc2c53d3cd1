import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { rangeHeaders, startOf } from '../client/range.ts'
import { readProblem } from '../http/problem.ts'

/** What `download` takes. */
export type DownloadParameters = {
  /** A `fetch`, paying or not. */
  fetch: (request: Request) => Promise<Response>
  url: URL
  /** Where to write. */
  output: string
  /** Told how many bytes are there, of how many where that is known. */
  onProgress: (done: number, total: number | undefined) => void
}

/**
 * Writes what is at an address to a file, by way of `<output>.part`: bytes that are there already are not asked for, and
 * not paid for, again, unless the file changed at its source meanwhile.
 * @returns The file's whole length.
 * @throws What `fetch` throws, the peer's refusal, and `PROTOCOL_VIOLATION`; what arrived stays in the part.
 */
export async function download({ fetch, url, output, onProgress }: DownloadParameters): Promise<number> {
  const part = `${output}.part`
  const validator = `${output}.part.etag`
  const present = (await stat(part).catch(() => undefined))?.size ?? 0
  const etag = await readFile(validator, 'utf8').catch(() => '')
  const answer = await fetch(new Request(url, { headers: rangeHeaders(present, etag) }))
  const complete = answer.status === 416 && answer.headers.get('content-range') === `bytes */${present}`
  if (complete) {
    await answer.body?.cancel()
    return finish(present)
  }
  if (!answer.ok || answer.body === null) throw readProblem(answer.status, await answer.text())

  const start = await startOf(answer, present)
  const length = answer.headers.get('content-length')
  const total = length === null ? undefined : start + Number(length)
  // In this order: bytes of an older file must never lie beside the validator of a newer one.
  if (start === 0) await rm(part, { force: true })
  await writeFile(validator, answer.headers.get('etag') ?? '')
  const done = await append(part, start, answer.body, (bytes) => onProgress(bytes, total))
  return finish(done)

  async function finish(length: number): Promise<number> {
    await rename(part, output)
    await rm(validator, { force: true })
    return length
  }
}

/** Writes chunk by chunk: what arrived before a failure is in the file. Returns the file's length. */
async function append(
  path: string,
  start: number,
  body: AsyncIterable<Uint8Array>,
  onProgress: (done: number) => void,
): Promise<number> {
  const file = await open(path, start > 0 ? 'a' : 'w')
  let done = start
  try {
    for await (const chunk of body) {
      await file.writeFile(chunk)
      done += chunk.length
      onProgress(done)
    }
  } finally {
    await file.close()
  }
  return done
}
