import { ScripError } from '../../errors/ScripError.ts'
import { receiveProblem } from '../../http/problem.ts'
import { reach } from '../reach.ts'
import type { GatewayClient } from './gatewayClient.ts'

/** Longer answers are none. */
const LONGEST_ANSWER = 16_000_000

/** An attempt without an answer is given up after this: longer than any gateway lets a holder wait. */
const ATTEMPT_MILLISECONDS = 90_000

const FIRST_PAUSE = 250
const LONGEST_PAUSE = 5_000

/** An answer that may be another one next time, and how long to wait until then. */
class Passing extends Error {
  readonly error: unknown
  readonly seconds: number

  constructor(error: unknown, seconds = 0) {
    super()
    this.error = error
    this.seconds = seconds
  }
}

/**
 * Asks a gateway, and asks the same again where no answer comes or the answer is not for good: its messages can be repeated.
 * @returns The body of the answer.
 * @throws the gateway's refusal; the last failure when the client's time is over
 */
export async function ask(gateway: GatewayClient, path: string, body?: string, signal?: AbortSignal): Promise<string> {
  const deadline = performance.now() + gateway.timeout
  for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
    try {
      return await attempt(gateway, path, body, signal)
    } catch (failure) {
      if (!(failure instanceof Passing)) throw failure
      const wait = Math.max(pause, failure.seconds * 1_000)
      if (performance.now() + wait > deadline) throw failure.error
      await new Promise((resolve) => setTimeout(resolve, wait))
      signal?.throwIfAborted()
    }
  }
}

async function attempt({ url }: GatewayClient, path: string, body?: string, signal?: AbortSignal): Promise<string> {
  const patience = AbortSignal.timeout(ATTEMPT_MILLISECONDS)
  const request = new Request(`${url}${path}`, {
    redirect: 'error',
    signal: signal === undefined ? patience : AbortSignal.any([signal, patience]),
    ...(body !== undefined && { method: 'POST', body, headers: { 'content-type': 'application/json' } }),
  })
  let answer: Response
  let text = ''
  try {
    answer = await reach(request)
    if (answer.ok) text = await receiveText(answer)
  } catch (error) {
    signal?.throwIfAborted()
    throw error instanceof ScripError && error.code === 'PROTOCOL_VIOLATION' ? error : new Passing(known(error, url))
  }
  if (answer.ok) return text
  const problem = await receiveProblem(answer).catch((error: unknown) => known(error, url))
  if (answer.status !== 429 && answer.status < 500) throw problem
  throw new Passing(problem, Number(answer.headers.get('retry-after') ?? 0) || 0)
}

async function receiveText(answer: Response): Promise<string> {
  const reader = answer.body?.getReader()
  const decoder = new TextDecoder()
  const parts: string[] = []
  let length = 0
  for (let chunk = await reader?.read(); chunk?.value !== undefined; chunk = await reader?.read()) {
    length += chunk.value.length
    if (length > LONGEST_ANSWER) {
      await reader?.cancel()
      throw new ScripError('PROTOCOL_VIOLATION', { detail: `The answer is longer than ${LONGEST_ANSWER} bytes.` })
    }
    parts.push(decoder.decode(chunk.value, { stream: true }))
  }
  return parts.join('') + decoder.decode()
}

/** What breaks off, or takes too long, as one of ours. */
function known(error: unknown, url: string): ScripError {
  if (error instanceof ScripError) return error
  return new ScripError('TRANSFER_INTERRUPTED', {
    detail: `The gateway at ${new URL(url).origin} did not answer to the end.`,
    hint: 'Send the same message again: it is carried out once.',
    cause: error,
  })
}
