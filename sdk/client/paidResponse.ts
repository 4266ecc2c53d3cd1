import { ScripError } from '../errors/ScripError.ts'
import { ANSWER_HEADER, BOUND_HEADER, CREDIT_HEADER, PRICE_HEADER, readAmount } from '../http/headers.ts'
import { KILOBYTE, kilobytes, type Rate, readRate, SECOND, type Unit, writeRate } from '../http/price.ts'
import type { Caller } from './reach.ts'

/** What a peer says of an answer that is paid. */
export type Terms = {
  /** What is paid for one by one. */
  readonly unit: Unit
  /** Base units of one such piece. */
  readonly price: bigint
  /** Pieces that are paid already. */
  readonly credit: number
  /** Pieces that the payer's network lets it have; infinitely many where nothing bounds it. */
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
  /** Base units that were paid until the peer answered: several pieces' where it refused some payments first. */
  paid: bigint
  /** Kilobytes to pay ahead of what arrived. */
  window: number
  /** Base units that may still be spent. */
  left: () => Promise<bigint>
  /** Pays for that many pieces more. */
  pay: (count: number) => Promise<void>
  /** Told when the answer is over, however, and how many bytes of its body came. */
  onOver: (received: number) => void
}

/** How long a peer whose answer is paid no further may take to end it. */
const END_MILLISECONDS = 1_000

/**
 * An answer whose body pays for itself as it is read: up to a window ahead of what arrived, and where its length is known,
 * never for more than that; by the second, one ahead of the clock. Answers without a body, and all but
 * successes, come as they are: nothing more is paid for them.
 * @throws `LIMIT_EXCEEDED` where its length is known to cost more than may be spent on it, `PROTOCOL_VIOLATION`
 */
export async function paidResponse(parameters: PaidResponseParameters): Promise<Response> {
  const { caller, answer, terms, paid, window, left, pay, onOver } = parameters
  const { body, status } = answer
  const { unit, price, credit, bound, length } = terms
  if (body === null || status >= 300) {
    if (status < 300) onOver(0)
    return answer
  }
  if (!isPlain(answer)) throw await compressed(body)
  const total = Math.min(piecesIn(unit, length), bound)
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
  let clock: ReturnType<typeof setTimeout> | undefined
  const started = Date.now()
  const reader = body.getReader()

  /** Pieces that came, or began to. */
  const used = (): number => {
    if (unit === 'second') return 1 + Math.floor((Date.now() - started) / SECOND)
    return unit === 'kilobyte' ? kilobytes(received) : 1
  }
  /** Whether what comes next is not paid for yet. */
  const isSpent = () => (unit === 'kilobyte' ? received >= covered * KILOBYTE : unit === 'second' && used() > covered)

  const over = () => {
    if (isOver) return
    isOver = true
    clearTimeout(clock)
    onOver(received)
  }

  /** Pieces to be paid for by now. Of an answer whose end nobody knows they double, because it could end at any time. */
  const target = () => {
    const arrived = used()
    const doubling = Math.min(most, Math.max(1, arrived))
    const ahead = unit === 'second' ? 1 : total === Number.POSITIVE_INFINITY ? doubling : most
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

  /** Time passes whether anything arrives or not. */
  const keepTime = () => {
    payAhead()
    if (!isOver) clock = setTimeout(keepTime, SECOND - ((Date.now() - started) % SECOND))
  }
  if (unit === 'second') keepTime()

  /** Reads on; where nothing more may be paid, only to the end of what is. */
  const read = async (): Promise<ReadableStreamReadResult<Uint8Array>> => {
    // All that is paid has arrived: what comes next depends on the payment under way.
    if (isSpent()) await paying
    if (!isExhausted || !isSpent()) return reader.read()
    const last = await within(END_MILLISECONDS, reader.read())
    if (last?.done) return last
    await reader.cancel()
    throw unaffordable(price, await left())
  }

  const next = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    // Nothing more will come: hanging up here, not waiting for the peer to do it, keeps all that arrived.
    if (unit === 'kilobyte' && received >= bound * KILOBYTE && received !== length) {
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
    over()
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
        over()
        controller.error(told(cause))
      }),
    cancel: (reason) => {
      over()
      return reader.cancel(reason)
    },
  })
  return withBody(answer, metered)
}

/** An answer with another body. */
export function withBody({ status, statusText, headers, url }: Response, body: ReadableStream<Uint8Array>): Response {
  const response = new Response(body, { status, statusText, headers })
  // A response that is made here has no address of its own.
  return Object.defineProperty(response, 'url', { value: url })
}

/** Pieces of a whole answer; infinitely many where nobody can know. */
function piecesIn(unit: Unit, length: number | undefined): number {
  if (unit === 'call') return 1
  return unit === 'second' || length === undefined ? Number.POSITIVE_INFINITY : kilobytes(length)
}

/**
 * Reads what a peer says of an answer; `stated` is what its payer said to pay for a piece at most.
 * @throws `PROTOCOL_VIOLATION` where the peer takes more, or does not say how far the answer is paid
 */
export function termsOf({ headers }: Response, stated: Rate): Terms {
  const { unit, amount: price } = readRate(headers.get(PRICE_HEADER) ?? writeRate(stated)) ?? {}
  const credit = readAmount(headers.get(CREDIT_HEADER))
  if (credit === undefined || price === undefined || unit !== stated.unit || price > stated.amount) {
    throw new ScripError('PROTOCOL_VIOLATION', {
      detail: 'The peer does not say how far its answer is paid, or takes more for it than it was offered.',
      values: { price: headers.get(PRICE_HEADER), stated: writeRate(stated) },
    })
  }
  const bound = readAmount(headers.get(BOUND_HEADER))
  const length = headers.get('content-length')
  return {
    unit,
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

export function interrupted(received: number, length: number | undefined, cause: unknown): ScripError {
  return new ScripError('TRANSFER_INTERRUPTED', {
    detail: `The peer hung up after ${received} of ${length ?? 'an unknown number of'} bytes.`,
    values: { received, length },
    cause,
  })
}
