import type { IncomingMessage, RequestListener } from 'node:http'
import { isIPv6 } from 'node:net'
import { ScripError } from '../errors/ScripError.ts'
import type { GatewayAnswer, IssuerGateway } from './createIssuerGateway.ts'

/** Settings of `gatewayListener`. */
export type GatewayListenerOptions = {
  /** Where a request comes from; where its connection does, unless a proxy in front knows better. */
  addressOf?: (request: IncomingMessage) => string
}

/** Pages of every origin may ask: an answer depends on nothing that a browser adds to a request. */
const openToPages = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'retry-after' }

const preflight: GatewayAnswer = {
  status: 204,
  headers: {
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers': 'content-type',
    'access-control-max-age': '86400',
  },
  body: '',
}

/** Puts a gateway behind a server of `node:http`. */
export function gatewayListener(
  gateway: IssuerGateway,
  { addressOf = connectionOf }: GatewayListenerOptions = {},
): RequestListener {
  return (request, response) => {
    const gone = new AbortController()
    response.on('close', () => gone.abort(new Error('The client hung up.')))

    const answer = async (): Promise<GatewayAnswer> => {
      if (request.method === 'OPTIONS') return preflight
      return gateway.handle({
        method: request.method ?? '',
        path: (request.url ?? '').split('?', 1)[0] ?? '',
        body: (most) => readBody(request, most),
        address: network(addressOf(request)),
        signal: gone.signal,
      })
    }

    answer().then(
      ({ status, headers, body }) => {
        if (response.destroyed) return
        response.writeHead(status, { ...openToPages, 'cache-control': 'no-store', ...headers })
        response.end(body)
        // A body that nobody wants is let go by, so that the client gets to read the answer.
        request.resume()
      },
      (error: unknown) => {
        process.emitWarning(error instanceof Error ? error : String(error))
        response.destroy()
      },
    )
  }
}

/** @throws `BODY_TOO_LARGE`, `INVALID_ARGUMENT` where it breaks off */
async function readBody(request: IncomingMessage, most: number): Promise<string> {
  const tooLarge = () =>
    new ScripError('BODY_TOO_LARGE', { detail: `A request has at most ${most} bytes.`, values: { most } })
  if (Number(request.headers['content-length'] ?? 0) > most) throw tooLarge()
  const chunks: Buffer[] = []
  let length = 0
  return new Promise((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= most) chunks.push(chunk)
      else {
        chunks.length = 0
        reject(tooLarge())
      }
    })
    request.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
    request.on('close', () => reject(new ScripError('INVALID_ARGUMENT', { detail: 'The body broke off.' })))
    request.on('error', () => reject(new ScripError('INVALID_ARGUMENT', { detail: 'The body broke off.' })))
  })
}

function connectionOf({ socket }: IncomingMessage): string {
  return socket.remoteAddress ?? ''
}

/** The address as limits count it: whoever has one address of IPv6 has 2^64 of them. */
function network(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const whole = [...groups, ...Array<string>(8 - groups.length - after.length).fill('0'), ...after]
  return whole.slice(0, 4).join(':')
}
