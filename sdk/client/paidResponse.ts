import { ScripError } from '../errors/ScripError.ts'
import { ANSWER_HEADER, BOUND_HEADER, CREDIT_HEADER, PRICE_HEADER, readAmount } from '../http/headers.ts'
import { KILOBYTE, kilobytes } from '../http/price.ts'
import type { Caller } from './reach.ts'

/** What a peer says of an answer that is paid. */
export type Terms = {
  /** Base units a kilobyte. */
  readonly price: bigint
  /** Kilobytes that are paid already. */
  readonly credit: number
  /** Kilobytes that the payer's network lets it have; infinitely many where nothing bounds it. */
  readonly bound: number
  /** Bytes; nothing where the peer does not say. */
  readonly length: number | undefined
  /** How the peer names the answer. */
  readonly id: string | undefined
}

/** What `paidResponse` takes. */
export type PaidResponseParameters = {
  caller: Caller
  /** The peer's answer to the first payment. */
  answer: Response
  terms: Terms
  /** Base units that were paid until the peer answered: several kilobytes' where it refused some payments first. */
  paid: bigint
  /** Kilobytes to pay ahead of what arrived. */
  window: number
  /** Base units that may still be spent. */
  left: () => Promise<bigint>
  /** Pays for that many kilobytes more. */
  pay: (count: number) => Promise<void>
}

/** How long a peer whose answer is paid no further may take to end it. */
const END_MILLISECONDS = 1_000

/**
 * An answer whose body pays for itself as it is read: up to a window ahead of what arrived, and where its length is known,
 * never for more than that. Answers without a body, and all but successes, come as they are: they are free.
 * @throws `LIMIT_EXCEEDED` where its length is known to cost more than may be spent on it, `PROTOCOL_VIOLATION`
 */
export async function paidResponse(parameters: PaidResponseParameters): Promise<Response> {
  const { caller, answer, terms, paid, window, left, pay } = parameters
  const { body, status, statusText, headers } = answer
  const { price, credit, bound, length } = terms
  if (body === null || status >= 300) return answer
  if (!isPlain(answer)) throw await compressed(body)
  const total = Math.min(length === undefined ? Number.POSITIVE_INFINITY : kilobytes(length), bound)
  let covered = Math.min(credit, total)
  if (length !== undefined) await affordable(body, BigInt(total - covered) * price, await left())
  // What the peer took and does not count is at risk like what is paid ahead.
  const lost = Number(paid / price) - credit
  const most = Math.max(1, window - Math.max(0, lost))

  let received = 0
  let isOver = false
  let isExhausted = false
  let failure: { error: unknown } | undefined
  let paying: Promise<void> | undefined
  const reader = body.getReader()

  /** Kilobytes to be paid for by now. Of an answer without a length they double, because it could end at any time. */
  const target = () => {
    const arrived = kilobytes(received)
    const ahead = length === undefined ? Math.min(most, Math.max(1, arrived)) : most
    return covered - arrived > ahead / 2 ? covered : Math.min(arrived + ahead, total)
  }

  const payUpTo = async (wanted: number) => {
    const affordable = Number((await left()) / price)
    const count = Math.min(wanted - covered, affordable)
    isExhausted = count === 0
    if (isExhausted) return
    covered += count
    await pay(count)
  }

  /** Pays ahead, one payment at a time. */
  const payAhead = () => {
    const wanted = target()
    if (wanted <= covered || paying !== undefined || failure !== undefined || isExhausted || isOver) return
    paying = payUpTo(wanted)
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

  /** Reads on; where nothing more may be paid, only to the end of what is. */
  const read = async (): Promise<ReadableStreamReadResult<Uint8Array>> => {
    // All that is paid has arrived: what comes next depends on the payment under way.
    if (received >= covered * KILOBYTE) await paying
    if (!isExhausted || received < covered * KILOBYTE) return reader.read()
    const last = await within(END_MILLISECONDS, reader.read())
    if (last?.done) return last
    await reader.cancel()
    throw unaffordable(price, await left())
  }

  const next = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    // Nothing more will come: hanging up here, not waiting for the peer to do it, keeps all that arrived.
    if (received >= bound * KILOBYTE && received !== length) {
      await reader.cancel()
      throw bounded(received, length)
    }
    const { done, value } = await read()
    if (failure !== undefined) throw failure.error
    if (!done) {
      received += value.length
      payAhead()
      controller.enqueue(value)
      return
    }
    if (length !== undefined && received < length) throw new Error('The body is shorter than announced.')
    isOver = true
    controller.close()
  }

  /** What the reader is told. A peer that goes away while it is paid hangs up like any other. */
  const told = (cause: unknown): unknown => {
    if (caller.signal?.aborted) return caller.signal.reason
    const error = failure?.error ?? cause
    const isOurs = error instanceof ScripError && error.code !== 'PEER_UNREACHABLE'
    return isOurs ? error : interrupted(received, length, error)
  }

  const metered = new ReadableStream<Uint8Array>({
    pull: (controller) =>
      next(controller).catch((cause: unknown) => {
        isOver = true
        controller.error(told(cause))
      }),
    cancel: (reason) => {
      isOver = true
      return reader.cancel(reason)
    },
  })
  const response = new Response(metered, { status, statusText, headers })
  // A response that is made here has no address of its own.
  return Object.defineProperty(response, 'url', { value: answer.url })
}

/** Reads what a peer says of an answer; `quoted` is the price where it says none. @throws `PROTOCOL_VIOLATION` */
export function termsOf({ headers }: Response, quoted: bigint): Terms {
  const price = readAmount(headers.get(PRICE_HEADER)) ?? quoted
  const credit = readAmount(headers.get(CREDIT_HEADER))
  if (credit === undefined || price === 0n) {
    throw new ScripError('PROTOCOL_VIOLATION', { detail: 'The peer does not say how far its answer is paid.' })
  }
  const bound = readAmount(headers.get(BOUND_HEADER))
  const length = headers.get('content-length')
  return {
    price,
    credit: Number(credit / price),
    bound: bound === undefined ? Number.POSITIVE_INFINITY : Number(bound / price),
    length: length !== null && /^\d{1,15}$/.test(length) ? Number(length) : undefined,
    id: headers.get(ANSWER_HEADER) ?? undefined,
  }
}

/** What the work gives, or nothing where it takes longer. */
async function within<Result>(milliseconds: number, work: Promise<Result>): Promise<Result | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), milliseconds)
  })
  try {
    return await Promise.race([work, timeout])
  } finally {
    clearTimeout(timer)
  }
}

/** Whether the bytes that are read are those on the wire, which are paid for. */
function isPlain({ headers }: Response): boolean {
  const encoding = headers.get('content-encoding')
  return encoding === null || encoding === 'identity'
}

async function compressed(body: ReadableStream): Promise<ScripError> {
  await body.cancel()
  return new ScripError('PROTOCOL_VIOLATION', {
    detail: 'The peer compresses its answer, so that the bytes that are paid for cannot be counted.',
  })
}

async function affordable(body: ReadableStream, cost: bigint, left: bigint): Promise<void> {
  if (cost <= left) return
  await body.cancel()
  throw unaffordable(cost, left)
}

function unaffordable(cost: bigint, left: bigint): ScripError {
  return new ScripError('LIMIT_EXCEEDED', {
    detail: `The rest of the answer costs ${cost} base units or more; ${left} may be spent on it.`,
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
