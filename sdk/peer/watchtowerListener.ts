import type { IncomingMessage, RequestListener } from 'node:http'
import type { Claim } from '../channels/Channel.ts'
import { ScripError } from '../errors/ScripError.ts'
import { CLAIMS_PATH, MOST_CLAIMS, readClaim } from '../http/claims.ts'
import { PROBLEM_TYPE } from '../http/problem.ts'

/** Bytes of a request at most: a claim takes fewer than 600. */
const MOST_BYTES = 600 * MOST_CLAIMS

/** Requests under way at once: each claim asks the chain once. */
const AT_ONCE = 8

/**
 * Takes claims for a watchtower over HTTP, from anybody: it can lose nothing by a claim, and keeps none whose channel nobody
 * opened on chain. Answers 204 when all would survive a power loss.
 */
export function watchtowerListener(tower: { watch(claim: Claim): Promise<void> }): RequestListener {
  let underWay = 0

  const take = async (request: IncomingMessage): Promise<void> => {
    if (request.url !== CLAIMS_PATH) throw new ScripError('NOT_FOUND', { hint: `Send claims to ${CLAIMS_PATH}.` })
    if (request.method !== 'POST') throw new ScripError('METHOD_NOT_ALLOWED', { hint: 'Send claims by POST.' })
    if (underWay >= AT_ONCE) throw new ScripError('TOO_MANY_REQUESTS', { values: { retryAfter: 1 } })
    underWay++
    try {
      // All are read before any is kept.
      for (const claim of claimsIn(await readBody(request)).map(readClaim)) await tower.watch(claim)
    } finally {
      underWay--
    }
  }

  return (request, response) => {
    take(request).then(
      () => response.writeHead(204).end(),
      (error: unknown) => {
        const known = error instanceof ScripError ? error : new ScripError('INTERNAL', { cause: error })
        if (known.status === 429) response.setHeader('retry-after', '1')
        response.writeHead(known.status, { 'content-type': PROBLEM_TYPE }).end(JSON.stringify(known.toProblem()))
        // What is left of the body is let go by, so that its sender gets to read the answer.
        request.resume()
      },
    )
  }
}

/** @throws `BODY_TOO_LARGE`, and where it breaks off */
async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk)
    length += chunk.length
    if (length > MOST_BYTES) {
      throw new ScripError('BODY_TOO_LARGE', { detail: `A request has at most ${MOST_BYTES} bytes.` })
    }
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** @throws `PAYMENT_MALFORMED` */
function claimsIn(body: string): string[] {
  try {
    const claims: unknown = JSON.parse(body)
    if (Array.isArray(claims) && claims.length <= MOST_CLAIMS && claims.every((one) => typeof one === 'string')) {
      return claims
    }
  } catch {
    // No JSON: said below.
  }
  throw new ScripError('PAYMENT_MALFORMED', { detail: `The body is no JSON array of up to ${MOST_CLAIMS} claims.` })
}
