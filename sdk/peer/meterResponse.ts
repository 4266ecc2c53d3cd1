import type { ServerResponse } from 'node:http'
import { PassThrough } from 'node:stream'
import { KILOBYTE, kilobytes } from '../http/price.ts'

/**
 * Pays for at least one and up to `wanted` kilobytes of an answer; waits until something can be paid for.
 * @throws where nothing more will come; the answer is cut off then.
 */
export type Meter = (wanted: number, signal: AbortSignal) => Promise<number>

/** How long an answer waits for its payer before it is cut off. */
const PATIENCE_MILLISECONDS = 30_000

/**
 * Makes a response pay for its body as it goes out. What the handler writes flows through a small pipe, with the usual
 * backpressure; answers with a status of 400 or more flow free.
 */
export function meterResponse(response: ServerResponse, meter: Meter): void {
  const write = response.write.bind(response)
  const end = response.end.bind(response)
  const body = new PassThrough()
  body.on('drain', () => response.emit('drain'))

  response.write = body.write.bind(body) as typeof response.write
  response.end = ((...parameters: Parameters<typeof body.end>) => {
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
      if (response.statusCode >= 400) await send(bytes)
      else {
        for (let offset = 0; offset < bytes.length; ) {
          const wanted = kilobytes(served + bytes.length - offset) - paid
          if (wanted > 0) paid += await takeInTime(meter, wanted, closed.signal)
          const part = bytes.subarray(offset, offset + paid * KILOBYTE - served)
          if (part.length > 0) await send(part)
          served += part.length
          offset += part.length
        }
      }
    }
    end()
  }

  pump().catch(() => response.destroy())
}

function takeInTime(meter: Meter, wanted: number, closed: AbortSignal): Promise<number> {
  return meter(wanted, AbortSignal.any([closed, AbortSignal.timeout(PATIENCE_MILLISECONDS)]))
}
