import type { Address } from 'viem'
import type { ScripClient } from '../chain/transact.ts'
import type { VoucherSigner } from '../channels/signatures.ts'
import type { ErrorCode } from '../errors/codes.ts'
import { ScripError } from '../errors/ScripError.ts'
import { CREDIT_HEADER, PRICE_HEADER, QUOTE_HEADER, QUOTE_ID_HEADER } from '../http/headers.ts'
import { newest } from '../http/newest.ts'
import { type Rate, type Unit, writeRate } from '../http/price.ts'
import { PROBLEM_TYPE, receiveProblem } from '../http/problem.ts'
import { type Quote, readQuotes } from '../http/quote.ts'
import type { Store } from '../store/Store.ts'
import { createBudget, type Limits, notAccepted, type Rates, type Spending, type Trust } from './createBudget.ts'
import { createReceipts, type KeptReceipt } from './createReceipts.ts'
import { canPay, forgetSession, type Sent, type Session, type SessionParameters, sessionFor } from './openSession.ts'
import { paidResponse, termsOf } from './paidResponse.ts'
import { createOfferPayer } from './payOffers.ts'
import { type Caller, reach } from './reach.ts'
import { redirectOf } from './redirect.ts'
import { resumed } from './resumed.ts'

/** A payment that was just made, whether it will arrive or not: the next one includes it. */
export type PaymentEvent = {
  readonly url: string
  /** Base units. */
  readonly amount: bigint
  /** What the price is for. */
  readonly unit: Unit
  /** Base units for one of these: the amount is a whole number of it. */
  readonly price: bigint
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
  /**
   * The currencies to pay in, and what they are worth. Limits and deposit are in units of account then, and of several offers
   * the cheapest is taken that can be paid. Any currency where nothing is said, each counted apart.
   */
  currencies?: Rates
  /** Whom to pay: asked once for each request and payee, before a channel is opened or anything is signed. Anybody where nothing is said. */
  trust?: Trust
  /** What to open and to top up a channel with, counted as the limits are; `limits.perRequest` where nothing is said. */
  deposit?: bigint
  /**
   * Kilobytes to pay ahead of what arrived: what a peer that hangs up may keep. 64 where nothing is said. Of time it is a
   * second.
   */
  window?: number
  /**
   * The tokens in which stock x402 servers may be paid by the scheme `exact`, from the client's account; none where nothing is
   * said. Any with ERC-3009 will do. Where a server offers a channel, that is taken.
   */
  exact?: readonly Address[]
  /**
   * How far above the last price a price may have moved, as a part of it, to be paid without being asked: 0.1 is a tenth. 0
   * where nothing is said; a price that moved further costs one more round trip, and is the limits' to judge.
   */
  tolerance?: number
  /** Receipts of payees that the store keeps, the newest; 1,000 where nothing is said, 0 asks for none. */
  receipts?: number
  /**
   * How often, at most, a paid body that breaks off is asked on from where it broke, before its reader is told. Only what is
   * missing is paid for, within the limit of the request. 0 where nothing is said.
   */
  resume?: number
  /**
   * What was agreed with one payee before: it is paid without being asked for, and nobody is paid anything else. What the peer
   * asks where nothing is said.
   */
  agreed?: Quote
  /** Told of every payment. */
  onPayment?: (event: PaymentEvent) => void
  /** Told of every receipt that is kept. */
  onReceipt?: (receipt: KeptReceipt) => void
}

/** A `fetch` that pays. */
export type PayingFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

const WINDOW = 64

const RECEIPTS = 1_000

/** Prices that are remembered. */
const MOST_PRICES = 4_096

/** Parts of a price that a tolerance is counted in. */
const PARTS = 1_000_000

/** How often a request is tried again after the peer asked for something that could be given. */
const ATTEMPTS = 8

const REDIRECTS = 20

/** One try to have a request answered. */
type Attempt = {
  readonly request: Request
  readonly caller: Caller
  readonly quote: Quote
  readonly spending: Spending
  /** Base units that were paid for the request before, and refused. */
  readonly refused: bigint
  /** The payment that was refused last, where its channel is the same. */
  readonly before: Unanswered | undefined
}

/** A payment that may still come to something. */
type Unanswered = { readonly session: Session; readonly sent: Sent }

/** What a peer has against a payment, and the quote that came with it. */
type Refusal = Unanswered & { readonly problem: ScripError; readonly requoted: string | null }

/**
 * A `fetch` that pays peers of this package and stock x402 servers, and leaves everybody else's answers alone. The first paid request to a peer
 * opens a channel, or goes on with one from the store; the answer's body is paid for as it is read, a kilobyte at a time.
 * What a handler answers comes back as with `fetch`, whatever its status.
 *
 * Besides what `fetch` throws, the call and the reading of the body throw `LIMIT_EXCEEDED` before more than the limit is
 * paid, `CURRENCY_NOT_ACCEPTED` and `PAYEE_NOT_TRUSTED` before anything is, `PAYMENT_REFUSED` (by a stock x402 server),
 * `ADMISSION_REFUSED`, `INSUFFICIENT_BALANCE`, `PEER_UNREACHABLE`, `TRANSFER_INTERRUPTED` (`values.received` says how many bytes
 * came: ask for the rest with a `Range`), `PROTOCOL_VIOLATION`, and what opening a channel throws.
 */
export function payingFetch(parameters: PayingFetchParameters): PayingFetch {
  const { client, signer, store, limits, window = WINDOW, tolerance = 0, exact = [], onPayment, onReceipt } = parameters
  const { receipts: most = RECEIPTS, resume = 0, agreed, ...policy } = parameters
  const budget = createBudget(store, policy)
  const deposit = (currency: Address) => budget.inBaseUnits(currency, parameters.deposit ?? limits.perRequest)
  const receipts = most > 0 ? createReceipts(store, most) : undefined
  /** What was paid last at an address, and at an origin. */
  const quotes = newest<string, Quote | undefined>(MOST_PRICES)

  const remembered = (request: Request) => agreed ?? quotes.get(placeOf(request)) ?? quotes.get(originOf(request))
  /** Remembers a price, without the id of the quote, which is for one address and a short time. */
  const remember = (request: Request, quote: Quote | undefined) => {
    const { id: _id, expiresAt: _expiresAt, ...price } = quote ?? {}
    const next = quote && (price as Quote)
    quotes.set(placeOf(request), next)
    quotes.set(originOf(request), next)
  }
  const payOffer = createOfferPayer({ client, signer, store, budget, deposit, exact, onPayment })

  /** Asks for what something costs, and where. Gives the answer itself where it costs nothing. */
  const inquire = async (
    request: Request,
    spending: Spending,
    caller: Caller,
  ): Promise<Response | { quote: Quote; request: Request }> => {
    const { signal } = caller
    const isGet = request.method === 'GET' || request.method === 'HEAD'
    // Other methods may change on the way, which only who follows a redirect step by step can see; a browser lets nobody.
    const asked = isGet ? request.clone() : new Request(request.clone(), { redirect: 'manual' })
    const answer = await reach(asked, signal)
    if (answer.type === 'opaqueredirect') return reach(request.clone(), signal)
    const header = answer.headers.get(QUOTE_HEADER)
    if (answer.status !== 402 || header === null) return answer
    await answer.body?.cancel()
    const found = answer.redirected ? new Request(answer.url, request) : request
    const paid = await payOffer({ request: found, caller, spending, header })
    return paid ?? { quote: await choose(header), request: found }
  }

  /** Sends a request, and pays where it has to. */
  const exchange = async (request: Request, spending: Spending, caller: Caller): Promise<Response> => {
    const last = remembered(request)
    if (last === undefined) {
      const found = await inquire(request, spending, caller)
      return 'quote' in found ? buy(found.request, found.quote, spending, caller) : found
    }
    try {
      return await buy(request, last, spending, caller)
    } catch (error) {
      // The quote is of an earlier request: by now another channel may be wanted, or another offer be the one to pay.
      const isWrongChannel = isCoded(error, 'WRONG_CHANNEL')
      if (isWrongChannel || isCoded(error, 'INSUFFICIENT_BALANCE')) remember(request, undefined)
      if (!isWrongChannel || agreed !== undefined) throw error
      return exchange(request, spending, caller)
    }
  }

  const buy = async (request: Request, quoted: Quote, spending: Spending, caller: Caller): Promise<Response> => {
    let quote = quoted
    let refused = 0n
    let before: Unanswered | undefined
    try {
      for (let attempt = 1; ; attempt++) {
        const outcome = await attemptPaid({ request, caller, quote, spending, refused, before })
        before = undefined
        if (!('problem' in outcome)) {
          // Nothing is sold here any more, or somebody on the way answers.
          if (!outcome.headers.has(CREDIT_HEADER)) remember(request, undefined)
          return outcome
        }
        before = outcome
        const { problem, requoted, session } = outcome
        refused += mostOf(quote).amount
        if (attempt === Math.min(ATTEMPTS, window + 1)) throw problem
        if (problem.code === 'CHANNEL_EXITING') {
          if (!(await session.isExiting())) throw problem
          forgetSession(sessionOf(quote, spending.countChannel))
          refused = 0n
        } else if (problem.code === 'PAYMENT_REQUIRED' || problem.code === 'QUOTE_EXPIRED') {
          // The price moved, or whom to pay.
          const next = await choose(requoted)
          if (agreed !== undefined && !isWithin(agreed, next)) throw problem
          if (!isSamePayee(quote, next)) refused = 0n
          quote = next
          remember(request, quote)
        } else {
          await session.resolve(problem, request.url)
        }
      }
    } finally {
      before?.session.arrived(before.sent, false)
    }
  }

  const sessionOf = (quote: Quote, beforeOpening = () => {}): SessionParameters => {
    return { client, signer, store, quote, deposit: deposit(quote.currency), beforeOpening }
  }

  /** The quote to pay by: the cheapest that can be paid, and where none can, the cheapest, which says what is lacking. */
  const choose = async (header: string | null): Promise<Quote> => {
    const quotes = readQuotes(header)
    const priced = quotes.flatMap((quote) => {
      const worth = budget.worth(quote.currency, quote.amount)
      // What is priced by another unit cannot be compared.
      return worth === undefined || quote.unit !== quotes[0].unit ? [] : [{ quote, worth }]
    })
    // Amounts of currencies whose rates nobody told say nothing.
    if (policy.currencies !== undefined) priced.sort((one, other) => (one.worth < other.worth ? -1 : 1))
    const [cheapest, ...others] = priced.map(({ quote }) => quote)
    if (cheapest === undefined) throw notAccepted(quotes.map(({ currency }) => currency))
    if (others.length === 0) return cheapest
    for (const quote of [cheapest, ...others]) if (await canPay(sessionOf(quote))) return quote
    return cheapest
  }

  /** What is paid for a piece at most: the price of a quote that holds, or a little more than what was paid last. */
  const mostOf = ({ unit, amount, id }: Quote): Rate => {
    const more = id === undefined ? (amount * BigInt(Math.round(tolerance * PARTS))) / BigInt(PARTS) : 0n
    return { unit, amount: amount + more }
  }

  /** Asks for an answer's receipt when it is over. */
  const askReceipt = (url: string, { payee }: Quote, { channelId }: Session, answer: string, received: number) => {
    receipts?.ask({ url, answer, channelId, payee, received }).then(
      (receipt) => receipt && onReceipt?.(receipt),
      () => {
        // A peer that gives none is paid all the same: what was paid for came.
      },
    )
  }

  /** Pays for one piece and sends the request with that. Gives the answer, or what the peer has against the payment. */
  const attemptPaid = async (attempt: Attempt): Promise<Response | Refusal> => {
    const { request, caller, quote, spending, refused, before } = attempt
    const stated = mostOf(quote)
    const { unit, amount: price } = stated
    const { url } = request
    await spending.approve(quote)
    const { session, sent } = await unlessFailed(await spending.reserve(quote, price), async () => {
      const session = await sessionFor(sessionOf(quote, spending.countChannel))
      return { session, sent: await session.pay({ amount: price, refused }) }
    })
    onPayment?.({ url, amount: price, unit, price })
    // Until now it was on its way: no other request might take for left over what this one makes good.
    before?.session.arrived(before.sent, false)
    let answer: Response
    try {
      answer = await reach(withPayment(request, sent, stated, quote), caller.signal)
    } catch (error) {
      session.arrived(sent, false)
      throw error
    }
    if (answer.headers.has(CREDIT_HEADER)) {
      session.arrived(sent, true)
      const terms = termsOf(answer, stated)
      remember(request, { ...quote, amount: terms.price })
      const pay = async (count: number) => {
        const amount = BigInt(count) * terms.price
        const giveBack = await spending.reserve(quote, amount)
        const sent = await unlessFailed(giveBack, () => session.pay({ amount, answer: terms.id }))
        onPayment?.({ url, amount, unit, price: terms.price })
        await session.bring(sent, url, caller.signal)
      }
      const left = () => spending.left(quote)
      const onOver = (received: number) => {
        if (terms.id !== undefined) askReceipt(url, quote, session, terms.id, received)
      }
      return paidResponse({ caller, answer, terms, paid: refused + price, window, left, pay, onOver })
    }
    if (!isProblem(answer)) {
      session.arrived(sent, false)
      return answer
    }
    const requoted = answer.headers.get(QUOTE_HEADER)
    try {
      return { problem: await receiveProblem(answer), requoted, session, sent }
    } catch (error) {
      session.arrived(sent, false)
      throw error
    }
  }

  return async (input, init) => {
    const spending = budget.open()
    let request = new Request(input, init)
    const signal = init?.signal ?? (typeof input === 'object' && 'signal' in input ? input.signal : undefined)
    const caller = { signal, input }
    for (let redirects = 0; ; redirects++) {
      const answer = await exchange(request, spending, caller)
      const next = redirectOf(request, answer)
      if (next === undefined) {
        const again = (rest: Request) => exchange(rest, spending, caller)
        return resumed({ answer, request, times: resume, again, signal })
      }
      await answer.body?.cancel()
      if (redirects === REDIRECTS) throw new TypeError('The peer redirects without end.')
      request = next
    }
  }
}

/** Does what was reserved for; where it fails nothing was paid, and what was reserved is given back. */
async function unlessFailed<Result>(giveBack: () => Promise<void>, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    await giveBack()
    throw error
  }
}

function originOf({ url }: Request): string {
  return new URL(url).origin
}

/** Where a price is remembered apart from others of its origin. */
function placeOf({ method, url }: Request): string {
  const { origin, pathname } = new URL(url)
  return `${method} ${origin}${pathname}`
}

function isProblem({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith(PROBLEM_TYPE) ?? false
}

function isSamePayee(one: Quote, other: Quote): boolean {
  return (['chainId', 'contract', 'currency', 'payee'] as const).every((field) => one[field] === other[field])
}

/** Whether a quote is for the same, and costs no more. */
function isWithin(agreed: Quote, quote: Quote): boolean {
  return isSamePayee(agreed, quote) && agreed.unit === quote.unit && agreed.amount >= quote.amount
}

function isCoded(error: unknown, code: ErrorCode): boolean {
  return error instanceof ScripError && error.code === code
}

function withPayment(request: Request, { headers }: Sent, stated: Rate, { id, expiresAt = 0 }: Quote): Request {
  // A redirect is followed without the payment, which is for this peer.
  const paid = new Request(request.clone(), { redirect: 'manual' })
  for (const [name, value] of headers) paid.headers.set(name, value)
  paid.headers.set(PRICE_HEADER, writeRate(stated))
  if (id !== undefined && expiresAt > Date.now() / 1000) paid.headers.set(QUOTE_ID_HEADER, id)
  // The price is for the bytes on the wire: compressed ones could not be counted as they are read.
  paid.headers.set('accept-encoding', 'identity')
  return paid
}
