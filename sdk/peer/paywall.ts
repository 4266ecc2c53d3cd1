import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Address } from 'viem'
import type { Gate } from '../admission/createGate.ts'
import type { ScripClient } from '../chain/transact.ts'
import type { Acceptance, AcceptOptions, Payee } from '../channels/Payee.ts'
import { decodePayment } from '../channels/payment.ts'
import { ScripError } from '../errors/ScripError.ts'
import {
  AMOUNT_HEADER,
  ANSWER_HEADER,
  ARRIVED_HEADER,
  BOUND_HEADER,
  CREDIT_HEADER,
  PAYMENT_HEADER,
  PAYMENT_PATH,
  PRICE_HEADER,
  QUOTE_HEADER,
  readAmount,
  readPaymentHeader,
} from '../http/headers.ts'
import { PROBLEM_TYPE } from '../http/problem.ts'
import { type Quote, writeQuote } from '../http/quote.ts'
import { type Allowance, type Allowances, createAllowances, UNBOUNDED } from './createAllowances.ts'
import { createObserver } from './createObserver.ts'
import { type Share, sharesOf } from './createShares.ts'
import { type Meter, meterResponse } from './meterResponse.ts'

/** What `paywall` takes. */
export type PaywallParameters = {
  /** Who is paid. */
  payee: Payee
  /** Reads the chain: which channels exist and what they hold. */
  client: ScripClient
  /** Base units for each started 1,024 bytes of an answer's body. */
  price: { readonly perKilobyte: bigint }
  /** What to pay in. */
  currency: Address
  /** Whom to serve; everybody who pays where nothing is said. */
  admission?: Gate
  /** Milliseconds that an answer waits for its payer before it is cut off; 30 seconds where nothing is said. */
  patience?: number
}

const PATIENCE_MILLISECONDS = 30_000

/**
 * Puts a price before a handler of `node:http`. Unpaid requests get 402 with a quote; what the handler writes goes out as
 * the payer pays for it, kilobyte by kilobyte, and nothing is buffered beyond what one write holds. Answers with a status
 * of 300 or more are free, and so is a body that does not go out.
 *
 * A request spends its channel's credit only if its payment adds something: who repeats a payment that it overheard gets
 * nothing. Several answers may be paid from one channel at once, their payments in any order: what was paid for one is kept
 * for it. What is about to be served is charged before, in the same write that accepts the payment, and given back where it
 * was not served: a handler that fails costs nothing.
 */
export function paywall(parameters: PaywallParameters, handler: RequestListener): RequestListener {
  const { payee, client, admission: gate, patience = PATIENCE_MILLISECONDS } = parameters
  const price = parameters.price.perKilobyte
  const currency = parameters.currency.toLowerCase() as Address
  const { chainId, contract } = payee.accepts
  const quote: Quote = { chainId, contract, currency, payee: payee.address, perKilobyte: price }
  const observer = createObserver({ client, payee })
  const shares = sharesOf(payee)
  const allow: Allowances = gate
    ? createAllowances({ gate, payee, observer, currency, price })
    : () => Promise.resolve(UNBOUNDED)

  /** Accepts a payment, with the chain looked at first where that is due. */
  const accept = async (bytes: Uint8Array, options: AcceptOptions, requiredCurrency?: Address): Promise<Acceptance> => {
    const payment = decodePayment(bytes)
    const channel = payment.channel ?? (await payee.standing(payment.channelId)).channel
    if (requiredCurrency !== undefined && channel.token !== requiredCurrency) throw wrongCurrency(channel.token)
    await observer.refresh(channel)
    try {
      return await payee.accept(bytes, options)
    } catch (error) {
      if (!(error instanceof ScripError) || error.code !== 'DEPOSIT_EXCEEDED') throw error
      // The payer may have topped the channel up meanwhile.
      await observer.observe(channel)
      return payee.accept(bytes, options)
    }
  }

  const wrongCurrency = (token: Address) =>
    new ScripError('WRONG_CHANNEL', {
      detail: `The channel pays in ${token}; this is sold for ${currency}.`,
      values: { currency, token },
    })

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const options = { ...statementIn(request), hold: 'rest' as const }
    const { channel, accepted, added, held } = await accept(paymentOf(request, price), options, currency)
    if (added === 0n) throw new ScripError('PAYMENT_REPLAYED', { values: { channelId: channel.id, accepted } })
    const share = shares.open(channel.id, held)
    closing(response, share.close)
    try {
      if (held < price) throw tooLittle(held, price)
      const allowance = await allow(channel)
      closing(response, allowance.close)
      if (!response.closed) await answer(request, response, share, allowance)
    } catch (error) {
      // Before the refusal goes out: whoever sees it has the credit back.
      share.close()
      throw error
    }
  }

  /** Has the handler answer, and what it writes paid for. */
  const answer = async (request: IncomingMessage, response: ServerResponse, share: Share, allowance: Allowance) => {
    response.setHeader(CREDIT_HEADER, share.granted.toString())
    response.setHeader(ANSWER_HEADER, share.id)
    response.setHeader(PRICE_HEADER, price.toString())
    if (allowance.bound !== undefined) response.setHeader(BOUND_HEADER, allowance.bound.toString())
    // What one payer bought must not be handed to others by a cache on the way. A handler may say otherwise.
    response.setHeader('cache-control', 'private, max-age=0')
    meterResponse({ request, response, patience, meter: shareMeter(share, price, allowance), done: share.close })
    // A handler may be asynchronous, whatever its type says.
    await (handler(request, response) as unknown)
  }

  const payOn = async (request: IncomingMessage, response: ServerResponse) => {
    const bytes = paymentOf(request, price)
    const name = request.headers[ANSWER_HEADER]
    const statement = statementIn(request)
    const isMeant = typeof name === 'string' && statement.amount !== undefined
    const share = isMeant ? shares.find(decodePayment(bytes).channelId, name) : undefined
    const { channel, credit, held } = await accept(bytes, { ...statement, ...(share && { hold: 'added' }) })
    if (share === undefined) shares.credited(channel.id)
    else share.add(held)
    response.writeHead(204, { [CREDIT_HEADER]: credit.toString() }).end()
  }

  return (request, response) => {
    const isPayment = request.method === 'POST' && request.url === PAYMENT_PATH
    const work = isPayment ? payOn : serve
    work(request, response).catch((error: unknown) => refuse(request, response, error, quote))
  }
}

function statementIn({ headers }: IncomingMessage): AcceptOptions {
  const amount = readAmount(headers[AMOUNT_HEADER])
  const arrived = readAmount(headers[ARRIVED_HEADER])
  return { ...(amount !== undefined && { amount }), ...(arrived !== undefined && { arrived }) }
}

function paymentOf(request: IncomingMessage, perKilobyte: bigint): Uint8Array {
  const header = request.headers[PAYMENT_HEADER]
  if (typeof header !== 'string') throw new ScripError('PAYMENT_REQUIRED', { values: { perKilobyte } })
  return readPaymentHeader(header)
}

function tooLittle(credit: bigint, perKilobyte: bigint): ScripError {
  return new ScripError('PAYMENT_REQUIRED', {
    detail: `A kilobyte costs ${perKilobyte} base units; the channel has ${credit} for it.`,
    values: { perKilobyte, credit },
  })
}

/** Does something when the response ends, however it ends, at once where it already did. */
function closing(response: ServerResponse, work: () => void): void {
  if (response.closed) work()
  else response.on('close', work)
}

/** Pays for an answer from its share. */
function shareMeter(share: Share, price: bigint, allowance: Allowance): Meter {
  return async (wanted, signal) => {
    const count = await share.take(price, wanted, allowance, signal)
    // The payer was told the bound and hangs up there; cutting it off first could lose what is still on the way.
    return count > 0 ? count : aborted(signal)
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
  })
}

/** Answers with problem details, and with the quote where a payment would help. */
function refuse(request: IncomingMessage, response: ServerResponse, error: unknown, quote: Quote): void {
  const known = error instanceof ScripError ? error : new ScripError('INTERNAL', { cause: error })
  if (known.status >= 500) process.emitWarning(error instanceof Error ? error : String(error))
  if (response.headersSent) {
    response.destroy()
    return
  }
  // What the handler said of a body that will not come.
  for (const name of response.getHeaderNames())
    if (/^(content-|transfer-|etag$|last-modified$)/.test(name)) response.removeHeader(name)
  if (known.status === 402) response.setHeader(QUOTE_HEADER, writeQuote(quote, request.url ?? '/'))
  response.writeHead(known.status, { 'content-type': PROBLEM_TYPE, 'cache-control': 'no-store' })
  response.end(JSON.stringify(publicProblem(known)))
}

/** What strangers are told of an error: of one at this end no more than its kind, because it may name files and addresses. */
function publicProblem(error: ScripError) {
  if (error.status < 500) return error.toProblem()
  return new ScripError(error.code, {
    detail: 'The peer has a difficulty of its own.',
    hint: 'Try again later: nothing was charged for what was not served.',
  }).toProblem()
}
