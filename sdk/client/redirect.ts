import { ScripError } from '../errors/ScripError.ts'

/** Headers that are meant for one origin only. */
const PERSONAL = ['authorization', 'cookie', 'proxy-authorization']

/**
 * Where a paid answer leads, as `fetch` would follow it: the payment must not go there with the request.
 * @returns The next request; nothing where the answer is the last one.
 * @throws `PROTOCOL_VIOLATION` where it leads to nothing that can be fetched, `TypeError` where the request forbids it
 */
export function redirectOf(request: Request, answer: Response): Request | undefined {
  const location = answer.headers.get('location')
  if (![301, 302, 303, 307, 308].includes(answer.status) || location === null) return undefined
  if (request.redirect === 'manual') return undefined
  if (request.redirect === 'error') throw new TypeError('The peer redirects, and the request forbids that.')
  const target = URL.canParse(location, request.url) ? new URL(location, request.url) : undefined
  if (target === undefined || !/^https?:$/.test(target.protocol)) {
    throw new ScripError('PROTOCOL_VIOLATION', {
      detail: 'The peer redirects to no address of the web.',
      values: { location },
    })
  }
  const isGet = request.method === 'GET' || request.method === 'HEAD'
  const becomesGet = !isGet && answer.status !== 307 && answer.status !== 308
  const next = becomesGet
    ? new Request(target, { headers: request.headers, signal: request.signal })
    : new Request(target, request.clone())
  if (becomesGet) for (const name of ['content-type', 'content-length', 'content-encoding']) next.headers.delete(name)
  if (target.origin !== new URL(request.url).origin) for (const name of PERSONAL) next.headers.delete(name)
  return next
}
