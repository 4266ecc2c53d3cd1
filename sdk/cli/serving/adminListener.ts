import type { RequestListener } from 'node:http'
import { ScripError } from '../../errors/ScripError.ts'
import { PROBLEM_TYPE } from '../../http/problem.ts'
import type { Metrics } from './createMetrics.ts'

/** What `adminListener` takes. */
export type AdminParameters = {
  metrics: Metrics
  /** Whether it sells: it does until it is asked to stop. */
  isOpen: () => boolean
  /** What it needs, by name; each rejects where it fails. */
  needs: { readonly [name: string]: () => Promise<unknown> }
}

/**
 * What operators and their tools ask a peer, apart from its customers: `/metrics` for Prometheus, `/health` as long as the
 * process answers, `/ready` with 503 where it stops, or where the chain or the store cannot be reached.
 */
export function adminListener({ metrics, isOpen, needs }: AdminParameters): RequestListener {
  const ready = async () => {
    const checks = Object.entries(needs).map(async ([name, check]) => [name, await check().then(() => 'ok', codeOf)])
    const found = Object.fromEntries(await Promise.all(checks)) as Record<string, string>
    const isReady = isOpen() && Object.values(found).every((outcome) => outcome === 'ok')
    return { status: isReady ? 200 : 503, body: { ready: isReady, ...found } }
  }

  return (request, response) => {
    const json = (status: number, body: object, type = 'application/json') =>
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(JSON.stringify(body))
    const answers: Record<string, () => Promise<unknown>> = {
      '/health': async () => json(200, { healthy: true }),
      '/ready': async () => {
        const { status, body } = await ready()
        json(status, body)
      },
      '/metrics': async () => {
        const text = await metrics.text()
        response.writeHead(200, { 'content-type': metrics.contentType }).end(text)
      },
    }
    const answer = answers[request.url ?? ''] ?? (async () => refuse(new ScripError('NOT_FOUND')))
    const refuse = (error: ScripError) => json(error.status, error.toProblem(), PROBLEM_TYPE)
    answer().catch((error: unknown) => refuse(new ScripError('INTERNAL', { cause: error })))
  }
}

function codeOf(error: unknown): string {
  return error instanceof ScripError ? error.code : 'INTERNAL'
}
