import type { IncomingMessage, ServerResponse } from 'node:http'
import { PassThrough } from 'node:stream'
import { KILOBYTE, kilobytes } from '../http/price.ts'

/**
 * Pays for at least one and up to `wanted` kilobytes of an answer; waits until something can be paid for.
 * @throws where nothing more will come; the answer is cut off then.
 */
export type Meter = (wanted: number, signal: AbortSignal) => Promise<number>

/** What `meterResponse` takes. */
export type MeteredResponse = {
  request: IncomingMessage
  response: ServerResponse
  meter: Meter
  /** Milliseconds that the answer waits for its payer before it is cut off. */
  patience: number
  /** Told before the answer ends: nothing more is paid for it. */
  done: () => void
}

/**
 * Makes a response pay for its body as it goes out. What the handler writes flows through a small pipe, with the usual
 * backpressure. Only successes cost: answers with a status of 300 or more flow free, and so do those without a body on
 * the wire.
 */
export function meterResponse({ request, response, meter, patience, done }: MeteredResponse): void {
  const write = response.write.bind(response)
  const end = response.end.bind(response)
  const hasBody = () => request.method !== 'HEAD' && response.statusCode !== 204 && response.statusCode !== 304
  const isFree = () => response.statusCode >= 300 || !hasBody()
  const body = new PassThrough()
  body.on('drain', () => response.emit('drain'))

  // As without a meter, the head stands from the first write on, and an answer in one piece says how long it is.
  response.write = ((...parameters: Parameters<typeof body.write>) => {
    if (!response.headersSent) response.writeHead(response.statusCode)
    return body.write(...parameters)
  }) as typeof response.write
  response.end = ((...parameters: Parameters<typeof body.end>) => {
    if (!response.headersSent) {
      const [chunk, encoding] = parameters as unknown as [unknown, unknown]
      if (hasBody() && !response.hasHeader('content-length') && !response.hasHeader('transfer-encoding')) {
        response.setHeader('content-length', byteLength(chunk, encoding))
      }
      response.writeHead(response.statusCode)
    }
    body.end(...parameters)
    return response
  }) as typeof response.end

  const send = (bytes: Uint8Array) =>
    new Promise<void>((resolve, reject) => write(bytes, (error) => (error ? reject(error) : resolve())))

  const closed = new AbortController()
  response.on('close', () => {
    closed.abort(new Error('The client hung up.'))
    body.destroy()
  })

  const pump = async () => {
    let served = 0
    let paid = 0
    for await (const chunk of body) {
      const bytes = chunk as Uint8Array
      for (let offset = 0; offset < bytes.length; ) {
        const wanted = isFree() ? 0 : kilobytes(served + bytes.length - offset) - paid
        if (wanted > 0) paid += await meter(wanted, AbortSignal.any([closed.signal, AbortSignal.timeout(patience)]))
        const part = isFree() ? bytes.subarray(offset) : bytes.subarray(offset, offset + paid * KILOBYTE - served)
        if (part.length > 0) await send(part)
        served += part.length
        offset += part.length
      }
    }
    // The client would wait for the rest, on a connection that stays open.
    if (hasBody() && Number(response.getHeader('content-length') ?? 0) > served)
      throw new Error('The body is too short.')
    done()
    end()
  }

  pump().catch(() => {
    done()
    response.destroy()
  })
}

function byteLength(chunk: unknown, encoding: unknown): number {
  if (chunk instanceof Uint8Array) return chunk.length
  if (typeof chunk !== 'string') return 0
  return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
}
