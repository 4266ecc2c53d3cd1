import {
  Agent,
  type ClientRequest,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import { request as httpsRequest, Agent as SecureAgent } from 'node:https'
import { pipeline } from 'node:stream'
import { ScripError } from '../errors/ScripError.ts'
import { PROBLEM_TYPE } from '../http/problem.ts'

/** What `proxyUpstream` takes. */
export type UpstreamParameters = {
  /** The server to sell: `http:` or `https:`. A path in it is put before every path that is asked for. */
  url: URL | string
  /** Milliseconds that the upstream may be silent, before its answer and within it; 30 seconds where nothing is said. */
  timeout?: number
}

const TIMEOUT_MILLISECONDS = 30_000

/** Connections to the upstream at once. What is more waits its turn. */
const MOST_CONNECTIONS = 256

/** What is said to the next hop only (RFC 9110, section 7.6.1). */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Payments are between the payer and this server: who sees one that did not arrive could present it. */
const OURS = /^scrip-/

/**
 * A handler of `node:http` that passes requests on to another server and its answers back, both as they come. Behind a
 * paywall it puts a price before a server that knows nothing of it. The upstream is told who asked by the usual
 * `X-Forwarded-*`, and sees nothing of the payment.
 *
 * An upstream that cannot be reached, says nothing for too long, or breaks off gives `UPSTREAM_FAILED`, or an answer that is
 * cut off where its head is out already.
 */
export function proxyUpstream(parameters: UpstreamParameters): RequestListener {
  const base = new URL(parameters.url)
  const timeout = parameters.timeout ?? TIMEOUT_MILLISECONDS
  const isSecure = base.protocol === 'https:'
  const options = { keepAlive: true, maxSockets: MOST_CONNECTIONS }
  const agent = isSecure ? new SecureAgent(options) : new Agent(options)
  const ask = isSecure ? httpsRequest : httpRequest

  return (incoming, response) => {
    const target = targetOf(base, incoming.url ?? '/')
    if (target === undefined) {
      fail(response, new ScripError('NOT_FOUND', { detail: 'What is asked for is outside of what is sold.' }))
      return
    }
    const method = incoming.method ?? 'GET'
    const outgoing = ask(target, { method, agent, timeout, headers: forwarded(incoming) })
    const broken = (cause: Error) => {
      if (response.closed) return
      if (response.headersSent) response.destroy()
      else fail(response, upstreamFailed(cause))
    }
    outgoing.on('timeout', () => outgoing.destroy(new Error(`It was silent for ${timeout} milliseconds.`)))
    outgoing.on('response', (answer) => giveBack(answer, response, broken))
    outgoing.on('error', broken)
    response.on('close', () => outgoing.destroy())
    sendBody(incoming, outgoing)
  }
}

/** Where a request goes, or nothing where its path leads out of the upstream's own: `..` is resolved before it is judged. */
function targetOf(base: URL, asked: string): URL | undefined {
  const path = asked.startsWith('/') ? asked : (URL.parse(asked)?.pathname ?? '/')
  const prefix = base.pathname.replace(/\/$/, '')
  // Two slashes in front would name another host.
  const target = URL.parse(`${base.origin}${prefix}${path}`)
  if (target === null || target.origin !== base.origin) return undefined
  return target.pathname.startsWith(`${prefix}/`) ? target : undefined
}

function forwarded({ headers, socket }: IncomingMessage): OutgoingHttpHeaders {
  const { host, 'x-forwarded-for': before, ...rest } = endToEnd(headers)
  const from = socket.remoteAddress ?? ''
  return {
    ...rest,
    'x-forwarded-for': before === undefined ? from : `${before}, ${from}`,
    ...(host !== undefined && { 'x-forwarded-host': host }),
    'x-forwarded-proto': headers['x-forwarded-proto'] ?? 'http',
  }
}

/** The headers that concern both ends. */
function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const named = new Set((headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase()))
  const stays = (name: string) => !HOP_BY_HOP.has(name) && !named.has(name) && !OURS.test(name)
  return Object.fromEntries(Object.entries(headers).filter(([name]) => stays(name)))
}

function sendBody(incoming: IncomingMessage, outgoing: ClientRequest): void {
  const hasBody = incoming.headers['content-length'] !== undefined || 'transfer-encoding' in incoming.headers
  if (!hasBody) outgoing.end()
  // What fails here is told by the request itself, or by the response that nobody waits for any more.
  else pipeline(incoming, outgoing, () => {})
}

function giveBack(answer: IncomingMessage, response: ServerResponse, broken: (cause: Error) => void): void {
  for (const [name, value] of Object.entries(endToEnd(answer.headers))) {
    if (value !== undefined) response.setHeader(name, value)
  }
  response.writeHead(answer.statusCode ?? 502, answer.statusMessage)
  answer.on('error', broken).pipe(response)
}

function upstreamFailed(cause: Error): ScripError {
  return new ScripError('UPSTREAM_FAILED', { detail: 'The server behind this one gave no answer.', cause })
}

function fail(response: ServerResponse, error: ScripError): void {
  response.writeHead(error.status, { 'content-type': PROBLEM_TYPE })
  response.end(JSON.stringify(error.toProblem()))
}
