import { ScripError } from '../errors/ScripError.ts'
import { BOUND_HEADER, CREDIT_HEADER } from '../http/headers.ts'
import { KILOBYTE, kilobytes } from '../http/price.ts'
import type { Spending } from './createBudget.ts'
import type { Session } from './openSession.ts'

/** What `paidResponse` takes. */
export type PaidResponseParameters = {
  /** The peer's answer to the first payment, of one kilobyte. */
  answer: Response
  session: Session
  spending: Spending
  /** Pays for that many kilobytes more and tells the peer. */
  pay: (count: number) => Promise<void>
  /** Kilobytes to pay ahead of what arrived. */
  window: number
}

/**
 * An answer whose body pays for itself as it is read: up to a window ahead of what arrived, and where its length is known,
 * never for more than that.
 * @throws `LIMIT_EXCEEDED` where its length is known to cost more than may be spent on it
 */
export async function paidResponse({ answer, session, pay, window, spending }: PaidResponseParameters): Promise<Response> {
  const body = answer.body
  if (body === null) return answer
  const length = contentLength(answer)
  const bound = boundOf(answer, session.perKilobyte)
  const total = Math.min(length === undefined ? Number.POSITIVE_INFINITY : kilobytes(length), bound)
  // What the channel had before is this answer's alone only while no other answer draws on it.
  const alone = session.active === 0
  const credit = alone ? BigInt(answer.headers.get(CREDIT_HEADER) ?? 0) : session.perKilobyte
  let covered = Math.min(Number(credit / session.perKilobyte), total)
  if (Number.isFinite(total)) await affordable(body, BigInt(total - covered) * session.perKilobyte, spending)

  let received = 0
  let failure: { error: unknown } | undefined
  let paying: Promise<void> | undefined
  session.active++
  const reader = body.getReader()
  const finish = () => {
    session.active--
  }

  /** Pays ahead, one payment at a time, once half of the window is used up. */
  const payAhead = () => {
    const target = Math.min(kilobytes(received) + window, total)
    const enough = target <= covered || covered - kilobytes(received) > window / 2
    if (enough || paying !== undefined || failure !== undefined) return
    const count = target - covered
    covered = target
    paying = pay(count)
      .catch((error: unknown) => {
        failure = { error }
        return reader.cancel(error).catch(() => {})
      })
      .finally(() => {
        paying = undefined
        payAhead()
      })
  }
  payAhead()

  const read = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
    try {
      // Nothing more will come: hanging up here, not waiting for the peer to do it, keeps all that arrived.
      if (received >= bound * KILOBYTE && received !== length) {
        await reader.cancel()
        throw bounded(received, length)
      }
      const { done, value } = await reader.read()
      if (failure !== undefined) throw failure.error
      if (!done) {
        received += value.length
        payAhead()
        controller.enqueue(value)
        return
      }
      if (length !== undefined && received < length) throw new Error('The body is shorter than announced.')
      finish()
      controller.close()
    } catch (cause) {
      finish()
      controller.error(failure?.error ?? (cause instanceof ScripError ? cause : interrupted(received, length, cause)))
    }
  }
  const metered = new ReadableStream<Uint8Array>({
    pull: read,
    cancel: (reason) => {
      finish()
      return reader.cancel(reason)
    },
  })
  return new Response(metered, { status: answer.status, statusText: answer.statusText, headers: answer.headers })
}

function contentLength({ headers }: Response): number | undefined {
  const value = headers.get('content-length')
  return value === null ? undefined : Number(value)
}

/** Kilobytes that the payer's network lets it have; infinitely many where nothing bounds it. */
function boundOf({ headers }: Response, perKilobyte: bigint): number {
  const bound = headers.get(BOUND_HEADER)
  return bound === null ? Number.POSITIVE_INFINITY : Number(BigInt(bound) / perKilobyte)
}

async function affordable(body: ReadableStream, cost: bigint, spending: Spending): Promise<void> {
  const left = spending.left()
  if (cost <= left) return
  await body.cancel()
  throw new ScripError('LIMIT_EXCEEDED', {
    detail: `The rest of the answer costs ${cost} base units; ${left} may be spent on this request.`,
    values: { cost, left },
  })
}

function bounded(received: number, length: number | undefined): ScripError {
  return new ScripError('TRANSFER_INTERRUPTED', {
    detail: `The network lets this payer have ${received} of ${length ?? 'an unknown number of'} bytes for now.`,
    hint: 'Fetch again: what arrived is kept, and the refusal says what would get you the rest.',
    values: { received, length },
  })
}

function interrupted(received: number, length: number | undefined, cause: unknown): ScripError {
  return new ScripError('TRANSFER_INTERRUPTED', {
    detail: `The peer hung up after ${received} of ${length ?? 'an unknown number of'} bytes.`,
    values: { received, length },
    cause,
  })
}
