import { ScripError } from '../errors/ScripError.ts'
import { CREDIT_HEADER } from '../http/headers.ts'
import { interrupted, withBody } from './paidResponse.ts'
import { isValidator, rangeHeaders, startOf } from './range.ts'

/** What `resumed` takes. */
export type ResumedParameters = {
  answer: Response
  /** What it answers. */
  request: Request
  /** How often to ask for the rest. */
  times: number
  /** Asks, and pays where it has to. */
  again: (request: Request) => Promise<Response>
  signal: AbortSignal | undefined
}

/** Milliseconds to wait before asking a peer again that sent nothing since the last time: each time twice as long. */
const FIRST_WAIT = 100
const LONGEST_WAIT = 5_000

/** What passes: the peer is gone, or goes. */
const PASSING = new Set(['PEER_UNREACHABLE', 'PEER_STOPPING', 'TRANSFER_INTERRUPTED'])

/**
 * An answer whose body, where it breaks off, goes on with what is missing of it. Only a whole paid one whose ETag says
 * whether it is still the same; others come as they are.
 */
export function resumed({ answer, request, times, again, signal }: ResumedParameters): Response {
  const etag = answer.headers.get('etag')
  const isWhole = answer.status === 200 && request.method === 'GET' && answer.headers.has(CREDIT_HEADER)
  if (times === 0 || !isWhole || !isValidator(etag) || answer.body === null) return answer
  const length = Number(answer.headers.get('content-length') ?? Number.NaN)
  const total = Number.isNaN(length) ? undefined : length
  let reader = answer.body.getReader()
  let received = 0
  let left = times
  let wait = 0

  /** Asks for the rest. @throws where that cannot come any more */
  const ask = async (): Promise<typeof reader | undefined> => {
    const headers = new Headers(request.headers)
    for (const [name, value] of Object.entries(rangeHeaders(received, etag))) headers.set(name, value)
    const rest = await again(new Request(request, { headers }))
    if (rest.status >= 500) return rest.body?.cancel().then(() => undefined)
    const start = await startOf(rest, received)
    const isSame = rest.ok && start === received && rest.headers.get('etag') === etag
    if (isSame && rest.body !== null) return rest.body.getReader()
    await rest.body?.cancel()
    throw new ScripError('PROTOCOL_VIOLATION', {
      detail: `The peer does not send the rest: it answers ${rest.status}, or it has something else there by now.`,
      hint: 'Fetch it anew.',
      values: { status: rest.status, received },
    })
  }

  const goOn = async (interruption: unknown): Promise<void> => {
    let cause = interruption
    while (isPassing(cause) && left > 0 && !signal?.aborted) {
      left--
      await delay(wait, signal)
      wait = Math.min(Math.max(FIRST_WAIT, 2 * wait), LONGEST_WAIT)
      try {
        const next = await ask()
        if (next === undefined) continue
        reader = next
        return
      } catch (error) {
        cause = error
      }
    }
    if (signal?.aborted) throw signal.reason
    throw cause === interruption && !isPassing(cause) ? cause : interrupted(received, total, cause)
  }

  const next = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    for (;;) {
      try {
        const { done, value } = await reader.read()
        if (done) return controller.close()
        received += value.length
        wait = 0
        return controller.enqueue(value)
      } catch (error) {
        if (received === total) return controller.close()
        await goOn(error)
      }
    }
  }

  return withBody(answer, new ReadableStream<Uint8Array>({ pull: next, cancel: (reason) => reader.cancel(reason) }))
}

function isPassing(error: unknown): boolean {
  return error instanceof ScripError && PASSING.has(error.code)
}

/** Waits, or until it is aborted. */
function delay(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, milliseconds)
    signal?.addEventListener('abort', end)
    if (signal?.aborted) end()
  })
}
