import { PAYMENT_HEADER, QUOTE_HEADER, writePaymentHeader } from '../http/headers.ts'
import { readProblem } from '../http/problem.ts'
import { type Quote, readQuote } from '../http/quote.ts'
import type { VoucherSigner } from '../channels/signatures.ts'
import type { ScripClient } from '../chain/transact.ts'
import type { Store } from '../store/Store.ts'
import { createBudget, type Limits } from './createBudget.ts'
import { openSession, type Session } from './openSession.ts'
import { paidResponse } from './paidResponse.ts'
import { reach } from './reach.ts'

/** A payment that was just made. */
export type PaymentEvent = {
  readonly url: string
  /** Base units. */
  readonly amount: bigint
  /** Base units a kilobyte: the amount is a whole number of these. */
  readonly perKilobyte: bigint
}

/** What `payingFetch` takes. */
export type PayingFetchParameters = {
  /** Opens and tops up channels from its account. */
  client: ScripClient
  /** Signs vouchers. */
  signer: VoucherSigner
  /** Keeps the channels' state. */
  store: Store
  limits: Limits
  /** Base units to open and to top up a channel with; `limits.perRequest` where nothing is said. */
  deposit?: bigint
  /** Kilobytes to pay ahead of what arrived: what a peer that hangs up may keep. 64 where nothing is said. */
  window?: number
  /** Told of every payment. */
  onPayment?: (event: PaymentEvent) => void
}

/** A `fetch` that pays. */
export type PayingFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

const WINDOW = 64

/** How often a request is tried again after the peer asked for something that could be given. */
const ATTEMPTS = 4

/**
 * A `fetch` that pays peers of this package, and leaves everybody else's answers alone. The first paid request to a peer
 * opens a channel, or goes on with one from the store; the answer's body is paid for as it is read, a kilobyte at a time.
 *
 * Besides what `fetch` throws, the call and the reading of the body throw `LIMIT_EXCEEDED` before more than the limit is
 * paid, `ADMISSION_REFUSED`, `INSUFFICIENT_BALANCE`, `PEER_UNREACHABLE`, `TRANSFER_INTERRUPTED` (`values.received` says how
 * many bytes came: ask for the rest with a `Range`), `PROTOCOL_VIOLATION`, and what opening a channel throws.
 */
export function payingFetch(parameters: PayingFetchParameters): PayingFetch {
  const { window = WINDOW, onPayment } = parameters
  const deposit = parameters.deposit ?? parameters.limits.perRequest
  const budget = createBudget(parameters.store, parameters.limits)
  const sessions = new Map<string, Promise<Session>>()

  const sessionFor = (url: string, quote: Quote): Promise<Session> => {
    const key = `${quote.chainId}/${quote.contract}/${quote.payee}/${quote.currency}`
    let session = sessions.get(key)
    if (session === undefined) {
      session = openSession({ ...parameters, url, quote, deposit })
      sessions.set(key, session)
      // A failure must not be remembered: the next request tries again.
      session.catch(() => sessions.delete(key))
    }
    return session
  }

  const quotes = new Map<string, Quote>()

  return async (input, init) => {
    const request = new Request(input, init)
    const origin = new URL(request.url).origin
    let quote = quotes.get(origin)
    if (quote === undefined) {
      const answer = await reach(request.clone())
      if (answer.status !== 402) return answer
      await answer.body?.cancel()
      quote = readQuote(answer.headers.get(QUOTE_HEADER))
      quotes.set(origin, quote)
    }

    for (let attempt = 1; ; attempt++) {
      const spending = budget.open(quote.currency)
      await spending.reserve(quote.perKilobyte)
      const session = await sessionFor(request.url, quote)
      const payment = await session.pay(quote.perKilobyte)
      onPayment?.({ url: request.url, amount: quote.perKilobyte, perKilobyte: quote.perKilobyte })
      const answer = await reach(withPayment(request, payment))
      if (answer.ok) {
        const pay = async (count: number) => {
          const amount = BigInt(count) * session.perKilobyte
          await spending.reserve(amount)
          await session.send(await session.pay(amount))
          onPayment?.({ url: request.url, amount, perKilobyte: session.perKilobyte })
        }
        return paidResponse({ answer, session, pay, window, spending })
      }
      const problem = readProblem(answer.status, await answer.text())
      if (attempt === ATTEMPTS) throw problem
      if (problem.code === 'PAYMENT_REQUIRED') {
        // The price moved: pay the new one, if the limits allow it.
        quote = readQuote(answer.headers.get(QUOTE_HEADER))
        quotes.set(origin, quote)
        session.perKilobyte = quote.perKilobyte
      } else if (problem.code === 'CHANNEL_EXITING') sessions.clear()
      else await session.resolve(problem)
    }
  }
}

function withPayment(request: Request, payment: Uint8Array): Request {
  const paid = new Request(request.clone())
  paid.headers.set(PAYMENT_HEADER, writePaymentHeader(payment))
  // The price is for the bytes on the wire: compressed ones could not be counted as they are read.
  paid.headers.set('accept-encoding', 'identity')
  return paid
}
