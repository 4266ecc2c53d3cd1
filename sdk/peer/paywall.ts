import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Address, Hex } from 'viem'
import type { Gate } from '../admission/createGate.ts'
import type { Acceptance, Payee, Standing } from '../channels/Payee.ts'
import { decodePayment } from '../channels/payment.ts'
import { ScripError } from '../errors/ScripError.ts'
import { BOUND_HEADER, CREDIT_HEADER, PAYMENT_HEADER, PAYMENT_PATH, QUOTE_HEADER, readPaymentHeader } from '../http/headers.ts'
import { PROBLEM_TYPE } from '../http/problem.ts'
import { type Quote, writeQuote } from '../http/quote.ts'
import { createObserver, type Observer } from './createObserver.ts'
import { type Meter, meterResponse } from './meterResponse.ts'
import type { ScripClient } from '../chain/transact.ts'

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
}

/**
 * Puts a price before a handler of `node:http`. Unpaid requests get 402 with a quote; what the handler writes goes out as
 * the payer pays for it, kilobyte by kilobyte, and nothing is buffered beyond what one write holds. Answers with a status
 * of 400 or more are free.
 *
 * A request spends its channel's credit only if its payment adds something: who repeats a payment that it overheard gets
 * nothing.
 */
export function paywall({ payee, client, price, currency, admission }: PaywallParameters, handler: RequestListener): RequestListener {
  const observer = createObserver({ client, payee })
  const quote: Quote = {
    chainId: payee.accepts.chainId,
    contract: payee.accepts.contract,
    currency,
    payee: payee.address,
    perKilobyte: price.perKilobyte,
  }

  const take = async (request: IncomingMessage): Promise<Acceptance> => {
    const header = request.headers[PAYMENT_HEADER]
    if (typeof header !== 'string') throw new ScripError('PAYMENT_REQUIRED', { values: { perKilobyte: price.perKilobyte } })
    return acceptObserved(payee, observer, readPaymentHeader(header))
  }

  const allowance = async ({ channel, charged }: Standing): Promise<bigint | undefined> => {
    if (admission === undefined) return undefined
    const { claimed } = await observer.observe(channel)
    return admission.check({ peer: channel.payer, currency, unsettled: charged - claimed, wanted: price.perKilobyte })
  }

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const standing = await take(request)
    if (standing.added === 0n) {
      throw new ScripError('PAYMENT_REPLAYED', { values: { channelId: standing.channel.id, accepted: standing.accepted } })
    }
    const bound = await allowance(standing)
    response.setHeader(CREDIT_HEADER, standing.credit.toString())
    if (bound !== undefined) response.setHeader(BOUND_HEADER, bound.toString())
    meterResponse(response, channelMeter(payee, standing.channel.id, price.perKilobyte, bound))
    handler(request, response)
  }

  const payOn = async (request: IncomingMessage, response: ServerResponse) => {
    const { credit } = await take(request)
    response.writeHead(204, { [CREDIT_HEADER]: credit.toString() }).end()
  }

  return (request, response) => {
    const isPayment = request.method === 'POST' && request.url === PAYMENT_PATH
    const answer = isPayment ? payOn : serve
    answer(request, response).catch((error: unknown) => refuse(request, response, error, quote))
  }
}

/** Accepts a payment, with the chain looked at first where that is due. */
async function acceptObserved(payee: Payee, observer: Observer, bytes: Uint8Array): Promise<Acceptance> {
  const payment = decodePayment(bytes)
  const channel = payment.channel ?? (await payee.standing(payment.channelId)).channel
  await observer.refresh(channel)
  try {
    return await payee.accept(bytes)
  } catch (error) {
    if (!(error instanceof ScripError) || error.code !== 'DEPOSIT_EXCEEDED') throw error
    // The payer may have topped the channel up meanwhile.
    await observer.observe(channel)
    return payee.accept(bytes)
  }
}

/** Pays for an answer out of a channel's credit, at most `bound` base units of it. */
function channelMeter(payee: Payee, id: Hex, perKilobyte: bigint, bound: bigint | undefined): Meter {
  let left = bound === undefined ? Number.POSITIVE_INFINITY : Number(bound / perKilobyte)
  return async (wanted, signal) => {
    // The payer was told the bound and hangs up there; cutting it off first could lose what is still on the way.
    if (left === 0) await aborted(signal)
    await payee.credited(id, perKilobyte, signal)
    const count = await payee.charge(id, perKilobyte, Math.min(wanted, left))
    left -= count
    return count
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
  if (known !== error) process.emitWarning(error instanceof Error ? error : String(error))
  if (response.headersSent) {
    response.destroy()
    return
  }
  if (known.status === 402) response.setHeader(QUOTE_HEADER, writeQuote(quote, request.url ?? '/'))
  response.writeHead(known.status, { 'content-type': PROBLEM_TYPE, 'cache-control': 'no-store' })
  response.end(JSON.stringify(known.toProblem()))
}
