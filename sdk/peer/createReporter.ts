import type { Hex } from 'viem'
import { pause } from '../chain/pause.ts'
import { type Claim, paidTotal } from '../channels/Channel.ts'
import { ScripError } from '../errors/ScripError.ts'
import { CLAIMS_PATH, MOST_CLAIMS, writeClaim } from '../http/claims.ts'
import { receiveProblem } from '../http/problem.ts'

/** What `createReporter` takes. */
export type ReporterParameters = {
  source: { claimable(): Promise<Claim[]> }
  /** Where the watchtower answers. */
  url: string
  /** Milliseconds between two reports; 15 seconds where nothing is said. */
  every?: number
  /** Told of what an operator should know; the next report tries again. */
  onTrouble?: (error: ScripError) => void
}

/** Keeps a watchtower told of what a payee could claim. */
export type Reporter = {
  /** Goes on until it is closed. */
  start(): void
  /** Tells what is new since the last report that arrived. @throws `PEER_UNREACHABLE`, and what the watchtower says */
  report(): Promise<void>
  close(): Promise<void>
}

const TIMEOUT_MILLISECONDS = 30_000

/** Tells a watchtower of every channel's best claim. Whoever reads it on the way can do no more with it than present it. */
export function createReporter(parameters: ReporterParameters): Reporter {
  const { source, every = 15_000, onTrouble } = parameters
  const target = new URL(CLAIMS_PATH, parameters.url)
  const reported = new Map<Hex, bigint>()
  const closing = new AbortController()
  let running: Promise<void> | undefined

  const send = async (claims: readonly Claim[]): Promise<void> => {
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(TIMEOUT_MILLISECONDS)])
    const headers = { 'content-type': 'application/json' }
    const request = { method: 'POST', headers, body: JSON.stringify(claims.map(writeClaim)), signal }
    const answer = await fetch(target, request).catch((cause: unknown) => {
      throw new ScripError('PEER_UNREACHABLE', { detail: `No watchtower answers at ${target.origin}.`, cause })
    })
    if (!answer.ok) throw await receiveProblem(answer)
    for (const claim of claims) reported.set(claim.channel.id, totalOf(claim))
  }

  const report = async (): Promise<void> => {
    const claims = await source.claimable()
    const present = new Set(claims.map(({ channel }) => channel.id))
    for (const id of reported.keys()) if (!present.has(id)) reported.delete(id)
    const news = claims.filter((claim) => totalOf(claim) > (reported.get(claim.channel.id) ?? 0n))
    for (let start = 0; start < news.length; start += MOST_CLAIMS) await send(news.slice(start, start + MOST_CLAIMS))
  }

  const run = async () => {
    while (!closing.signal.aborted) {
      await report().catch((error: unknown) => {
        if (closing.signal.aborted) return
        onTrouble?.(error instanceof ScripError ? error : new ScripError('INTERNAL', { cause: error }))
      })
      await pause(every, closing.signal)
    }
  }

  return {
    start: () => {
      running ??= run()
    },
    report,
    close: async () => {
      closing.abort()
      await running
    },
  }
}

function totalOf(claim: Claim): bigint {
  return paidTotal(claim, claim.ticks)
}
