import { ScripError } from '../errors/ScripError.ts'
import type { Paywall, Reply, RequestReader } from './createPaywall.ts'
import type { Outcome, Sale } from './Sale.ts'

/** Reads requests of the web's standard. */
export const webReader: RequestReader<Request> = {
  method: ({ method }) => method,
  target: ({ url }) => targetIn(url),
  header: ({ headers }, name) => headers.get(name) ?? undefined,
}

/** Path and query of an address, as they were sent. */
export function targetIn(url: string): string {
  const start = url.indexOf('/', url.indexOf('//') + 2)
  const end = url.indexOf('#')
  return start === -1 ? '/' : url.slice(start, end === -1 ? undefined : end)
}

/**
 * Answers a request of the web's standard behind a paywall: by itself where it is not paid, and otherwise with the answer of
 * `answer`, whose body is paid for as it is read. What `answer` throws is a failure that costs nothing.
 */
export async function answerFetch<Asked extends object>(
  paywall: Paywall<Asked>,
  request: Asked,
  method: string,
  answer: () => Response | Promise<Response>,
): Promise<Response> {
  const decision = await paywall.decide(request)
  if (decision.kind === 'reply') return replyOf(decision.reply)
  if (decision.kind === 'free') return answer()
  const { sale } = decision
  try {
    return meterBody(await answer(), method, sale, paywall.patience)
  } catch (error) {
    sale.end('failed')
    const refusal = paywall.refuse(error)
    return replyOf({ ...refusal, headers: { ...sale.headers, ...refusal.headers } })
  }
}

/** An answer in one piece. */
export function replyOf({ status, headers, body }: Reply): Response {
  return new Response(body === '' ? null : body, { status, headers })
}

/** The response, with what its head must say and its body paid for as it is read. */
export function meterBody(response: Response, method: string, sale: Sale, patience: number): Response {
  const headers = new Headers(response.headers)
  for (const name in sale.headers) {
    // A handler may say otherwise of caches, and of nothing else.
    if (name !== 'cache-control' || !headers.has(name)) headers.set(name, sale.headers[name] as string)
  }
  const { status, statusText, body } = response
  const hasBody = body !== null && method !== 'HEAD'
  sale.begin(status, hasBody)
  if (hasBody && status < 300)
    return new Response(meteredStream(body, headers, sale, patience), { status, statusText, headers })
  sale.end('complete')
  return new Response(body, { status, statusText, headers })
}

/** A body that is paid for as it is read. It holds one piece of what the handler writes, and reads no further ahead. */
function meteredStream(
  body: ReadableStream<Uint8Array>,
  headers: Headers,
  sale: Sale,
  patience: number,
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  const announced = Number(headers.get('content-length') ?? 0)
  let rest: Uint8Array | undefined
  let sent = 0
  let idle: ReturnType<typeof setTimeout> | undefined
  let control: ReadableStreamDefaultController<Uint8Array> | undefined

  const stop = (outcome: Outcome, reason: unknown) => {
    clearTimeout(idle)
    sale.end(outcome)
    control?.error(reason)
    // Without a reason: a stream of Node that is cancelled with one throws it where nobody listens.
    reader.cancel().catch(() => {})
  }
  /** Who reads nothing for so long has left. */
  const watch = () => {
    idle = setTimeout(() => stop('left', new Error('The client does not read.')), patience)
  }

  const next = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
    while (rest === undefined || rest.length === 0) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        stop('failed', error)
        throw error
      })
      if (done && announced > sent) return stop('failed', new Error('The body is shorter than announced.'))
      if (done) {
        sale.end('complete')
        return controller.close()
      }
      rest = bytesOf(value)
    }
    let allowed = sale.allow(rest.length)
    while (allowed === 0) {
      await sale.wait(rest.length)
      allowed = sale.allow(rest.length)
    }
    controller.enqueue(rest.subarray(0, allowed))
    rest = rest.subarray(allowed)
    sent += allowed
    watch()
  }

  sale.onCut(() => stop('left', new Error('The client pays no further.')))
  watch()
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        control = controller
      },
      pull: (controller) => {
        clearTimeout(idle)
        return next(controller).catch((error: unknown) => stop('left', error))
      },
      cancel: (reason) => stop('left', reason),
    },
    { highWaterMark: 0 },
  )
}

function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk
  if (typeof chunk === 'string') return new TextEncoder().encode(chunk)
  throw new ScripError('INTERNAL', { detail: 'A body is made of bytes or text.' })
}
