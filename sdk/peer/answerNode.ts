import type { IncomingMessage, ServerResponse } from 'node:http'
import { ScripError } from '../errors/ScripError.ts'
import type { Decision, Paywall, Reply, RequestReader } from './createPaywall.ts'
import type { Outcome, Sale } from './Sale.ts'

/** Reads requests of `node:http`; behind a router the address as it was sent. */
export const nodeReader: RequestReader<IncomingMessage & { readonly originalUrl?: string }> = {
  method: ({ method }) => method ?? 'GET',
  target: ({ originalUrl, url }) => originalUrl ?? url ?? '/',
  header: ({ headers }, name) => {
    const value = headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  },
}

/**
 * Answers a request of `node:http` behind a paywall: by itself where it is not paid, and otherwise by `answer`, with the
 * response made to be paid for. What `answer` throws is a failure that costs nothing. `taken` is told where the paywall
 * answers by itself.
 */
export async function answerNode(
  paywall: Pick<Paywall<never>, 'refuse' | 'patience'>,
  deciding: Promise<Decision>,
  request: IncomingMessage,
  response: ServerResponse,
  answer: () => unknown,
  taken: () => void = () => {},
): Promise<void> {
  const decision = await deciding
  if (decision.kind === 'reply') {
    taken()
    return reply(request, response, decision.reply)
  }
  if (decision.kind === 'free') return void (await answer())
  const { sale } = decision
  if (response.closed) {
    sale.end('left')
    return taken()
  }
  const { cut, release } = meterResponse(request, response, sale, paywall.patience)
  const fail = (error: unknown) => {
    const refusal = paywall.refuse(error)
    if (response.headersSent) return cut('failed')
    release('failed')
    taken()
    reply(request, response, refusal)
    silence(response)
  }
  if (!request.complete) watchBody(request, response, paywall.patience, fail)
  try {
    // A handler may be asynchronous, whatever its type says.
    await answer()
  } catch (error) {
    fail(error)
  }
}

/** Milliseconds that the sender of a body which nobody will read has to send it and to read the answer. */
const LINGER = 1_000

/** Sends an answer in one piece. */
export function reply(request: IncomingMessage, response: ServerResponse, { status, headers, body }: Reply): void {
  // What a handler said of a body that will not come.
  for (const name of response.getHeaderNames())
    if (/^(content-|transfer-|etag$|last-modified$)/.test(name)) response.removeHeader(name)
  if (body !== '') response.setHeader('content-length', Buffer.byteLength(body))
  if (request.complete) {
    response.writeHead(status, headers).end(body)
    return
  }
  // Nobody will read the rest of the request's body: its sender must not keep the connection with it.
  response.setHeader('connection', 'close')
  response.writeHead(status, headers)
  if (body !== '') response.write(body)
  linger(request, response.end.bind(response))
}

/**
 * Closes a connection on which bytes still arrive: done at once, the sender's system could throw away an answer that it has not
 * read yet.
 */
function linger(request: IncomingMessage, close: () => void): void {
  const timer = setTimeout(close, LINGER)
  const over = () => {
    clearTimeout(timer)
    close()
  }
  request.on('end', over).on('close', over).resume()
}

/** Has a response that is answered take no notice of a handler that still works on it. */
function silence(response: ServerResponse): void {
  for (const name of ['setHeader', 'appendHeader', 'removeHeader', 'writeHead', 'flushHeaders', 'end'] as const) {
    response[name] = (() => response) as never
  }
  response.write = () => false
}

/** Bytes a second that the body of a request must bring: less is an attack, or as good as one. */
const SLOWEST = 256

/** Fails a request whose body is waited for and does not come. */
function watchBody(
  request: IncomingMessage,
  response: ServerResponse,
  patience: number,
  fail: (error: unknown) => void,
): void {
  const { socket } = request
  let before = socket.bytesRead
  const timer = setInterval(() => {
    const arrived = socket.bytesRead - before
    before = socket.bytesRead
    if (request.complete || response.headersSent) return clearInterval(timer)
    // Where the handler does not read, the sender cannot send.
    if (request.readableLength >= request.readableHighWaterMark || arrived >= (patience / 1000) * SLOWEST) return
    clearInterval(timer)
    fail(new ScripError('BODY_TOO_SLOW', { values: { arrived } }))
  }, patience)
  response.on('close', () => clearInterval(timer))
}

/** A part of a body that waits for its payment. */
type Piece = { bytes: Uint8Array; readonly done: ((error?: Error | null) => void) | undefined }

type Callback = (error?: Error | null) => void

/**
 * Makes a response pay for its body as it goes out. What is paid for goes out as it is written; of what is not, the response
 * holds the one write, with the usual backpressure.
 */
export function meterResponse(
  request: IncomingMessage,
  response: ServerResponse,
  sale: Sale,
  patience: number,
): { readonly cut: (outcome: Outcome) => void; readonly release: (outcome: Outcome) => void } {
  const write = response.write as (this: ServerResponse, ...parameters: unknown[]) => boolean
  const end = response.end as (this: ServerResponse, ...parameters: unknown[]) => ServerResponse
  const emit = response.emit
  const destroy = response.destroy
  let hasBegun = false
  let sent = 0
  let queue: Piece[] | undefined
  let ending: { readonly done: Callback | undefined } | undefined

  for (const name in sale.headers) response.setHeader(name, sale.headers[name] as string)

  const cut = (outcome: Outcome) => {
    sale.end(outcome)
    destroy.call(response)
  }
  sale.onCut(() => cut('left'))
  response.destroy = (error) => {
    sale.end('failed')
    return destroy.call(response, error)
  }
  response.on('close', () => sale.end(hasFailed(request) ? 'failed' : 'left'))

  const hasBody = () => request.method !== 'HEAD' && response.statusCode !== 204 && response.statusCode !== 304
  const begin = () => {
    if (hasBegun) return
    hasBegun = true
    sale.begin(response.statusCode, hasBody())
  }
  const allow = (size: number): number => {
    const allowed = sale.allow(size)
    sent += allowed
    return allowed
  }

  /** Has a client that reads nothing any more cut off: its connection makes no progress for so long. */
  const watch = (isFlowing: boolean): boolean => {
    if (!isFlowing) response.socket?.setTimeout(patience)
    return isFlowing
  }
  response.on('drain', () => response.socket?.setTimeout(0))

  /** Ends the response where it has all that it announced: the client would wait for the rest. */
  const finish = (...parameters: unknown[]): ServerResponse => {
    if (hasBody() && Number(response.getHeader('content-length') ?? 0) > sent) {
      const [chunk, encoding] = parameters
      if (sizeOf(chunk, encoding) > 0) write.call(response, chunk, encodingOf(encoding))
      sale.end('failed')
      response.socket?.destroySoon()
      return response
    }
    // Before the end is seen: who sees it has the rest of the credit back.
    sale.end('complete')
    end.apply(response, parameters)
    watch(response.socket?.writableNeedDrain !== true)
    return response
  }

  const send = (bytes: Uint8Array) =>
    new Promise<void>((resolve, reject) => {
      watch(write.call(response, bytes, (error?: Error | null) => (error ? reject(error) : resolve())))
    })

  const pump = async (pieces: Piece[]) => {
    for (let piece = pieces[0]; piece !== undefined; piece = pieces[0]) {
      await sale.wait(piece.bytes.length)
      const allowed = allow(piece.bytes.length)
      if (allowed > 0) await send(piece.bytes.subarray(0, allowed))
      piece.bytes = piece.bytes.subarray(allowed)
      if (piece.bytes.length > 0) continue
      pieces.shift()
      piece.done?.()
    }
    queue = undefined
    response.emit = emit
    if (ending !== undefined) finish(ending.done)
    else emit.call(response, 'drain')
  }

  /** Holds what is not paid for yet. Whoever writes is told to go on when all of it went out, and not before. */
  const hold = (piece: Piece) => {
    if (queue !== undefined) {
      queue.push(piece)
      return
    }
    queue = [piece]
    response.emit = ((name: string, ...parameters: unknown[]) => {
      if (name !== 'drain') return emit.call(response, name, ...parameters)
      response.socket?.setTimeout(0)
      return false
    }) as typeof response.emit
    pump(queue).catch((error: unknown) => {
      for (const { done } of queue?.splice(0) ?? []) done?.(error instanceof Error ? error : new Error(String(error)))
      cut('left')
    })
  }

  response.write = ((chunk: unknown, ...rest: unknown[]) => {
    begin()
    const size = queue === undefined ? sizeOf(chunk, rest[0]) : undefined
    const allowed = size === undefined ? 0 : allow(size)
    if (allowed === size) return watch(write.call(response, chunk, ...rest))
    const bytes = bytesOf(chunk, rest[0])
    if (allowed > 0) write.call(response, bytes.subarray(0, allowed))
    hold({ bytes: bytes.subarray(allowed), done: callbackIn(rest) })
    return false
  }) as typeof response.write

  response.end = ((...parameters: unknown[]) => {
    const [chunk, ...rest] = typeof parameters[0] === 'function' ? [undefined, ...parameters] : parameters
    begin()
    if (queue === undefined) {
      const size = sizeOf(chunk, rest[0])
      const allowed = allow(size)
      if (allowed === size) return finish(...parameters)
      const bytes = bytesOf(chunk, rest[0])
      // As without a paywall, an answer in one piece says how long it is.
      const isOnePiece = !response.headersSent && !response.hasHeader('transfer-encoding')
      if (isOnePiece && !response.hasHeader('content-length')) response.setHeader('content-length', size)
      if (allowed > 0) write.call(response, bytes.subarray(0, allowed))
      hold({ bytes: bytes.subarray(allowed), done: undefined })
    } else if (chunk !== undefined && chunk !== null) hold({ bytes: bytesOf(chunk, rest[0]), done: undefined })
    ending = { done: callbackIn(rest) }
    return response
  }) as typeof response.end

  return {
    /** Cuts the response off. */
    cut,
    /** Ends the sale, and makes the response one like any other. */
    release: (outcome) => {
      sale.end(outcome)
      response.write = write as typeof response.write
      response.end = end as typeof response.end
    },
  }
}

/**
 * Whether a response that closed before its end was cut short at this end. A client that leaves ends its side of the
 * connection, or breaks it.
 */
function hasFailed({ socket }: IncomingMessage): boolean {
  return !socket.readableEnded && !socket.errored
}

function callbackIn(parameters: unknown[]): Callback | undefined {
  return parameters.find((parameter) => typeof parameter === 'function') as Callback | undefined
}

function sizeOf(chunk: unknown, encoding: unknown): number {
  if (chunk instanceof Uint8Array) return chunk.length
  return typeof chunk === 'string' ? Buffer.byteLength(chunk, encodingOf(encoding)) : 0
}

function bytesOf(chunk: unknown, encoding: unknown): Uint8Array {
  return chunk instanceof Uint8Array ? chunk : Buffer.from(String(chunk), encodingOf(encoding))
}

function encodingOf(encoding: unknown): BufferEncoding {
  return typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8'
}
