import type { Address } from 'viem'
import type { ScripClient } from '../chain/transact.ts'
import type { VoucherSigner } from '../channels/signatures.ts'
import { ScripError } from '../errors/ScripError.ts'
import { QUOTE_HEADER } from '../http/headers.ts'
import { QUOTE_SCHEME } from '../http/quote.ts'
import {
  type ChannelTerms,
  type ExactTerms,
  readChannelTerms,
  readExactTerms,
  readPaymentRequired,
  readSettlement,
  writeJson,
  X402_PAYMENT_HEADER,
  X402_SETTLEMENT_HEADER,
  type X402PaymentRequired,
  type X402Requirements,
} from '../http/x402.ts'
import type { Store } from '../store/Store.ts'
import { createChannelOffers, type Outcome } from './channelOffers.ts'
import { type Budget, notAccepted, type Spending } from './createBudget.ts'
import type { PaymentEvent } from './payingFetch.ts'
import { type Caller, reach } from './reach.ts'
import { signExact } from './signExact.ts'

/** What `createOfferPayer` takes. */
export type OfferPayerParameters = {
  client: ScripClient
  signer: VoucherSigner
  store: Store
  budget: Budget
  /** Base units of a currency to open and to top up a channel with. */
  deposit: (currency: Address) => bigint
  /** The tokens to pay in by `exact`. */
  exact: readonly Address[]
  onPayment: ((event: PaymentEvent) => void) | undefined
}

/** A request that a stock x402 server wants to be paid for. */
export type OfferedRequest = {
  readonly request: Request
  readonly caller: Caller
  readonly spending: Spending
  /** The `PAYMENT-REQUIRED` header of its answer. */
  readonly header: string
}

/** How often a payment by channel is made again after the server asked for something that could be given. */
const ATTEMPTS = 4

/** An offer, and what it means. */
type Choice = { readonly offer: X402Requirements } & (
  | { readonly channel: ChannelTerms; readonly exact?: undefined }
  | { readonly exact: ExactTerms; readonly channel?: undefined }
)

/**
 * Pays stock x402 servers: by channel where they offer it, by `exact` otherwise, one price for one answer. Answers of servers
 * that ask for anything else are left alone: then it returns nothing.
 */
export function createOfferPayer(parameters: OfferPayerParameters) {
  const { client, budget, onPayment } = parameters
  const accepted = new Set(parameters.exact.map((token) => token.toLowerCase()))
  const channels = createChannelOffers(parameters)

  const choose = ({ accepts }: X402PaymentRequired): Choice | undefined => {
    // This package's own peers are paid as the answer flows.
    if (accepts.some(({ scheme }) => scheme === QUOTE_SCHEME)) return undefined
    const choices: Choice[] = []
    for (const offer of accepts) {
      const channel = readChannelTerms(offer)
      if (channel !== undefined) choices.push({ offer, channel })
    }
    for (const offer of accepts) {
      const exact = readExactTerms(offer)
      if (exact !== undefined && accepted.has(exact.asset)) choices.push({ offer, exact })
    }
    return cheapest(choices)
  }

  /** By channel where that is possible, and the least worth of what is left; of equal ones the first. */
  const cheapest = (choices: Choice[]): Choice | undefined => {
    const priced = choices.flatMap((choice) => {
      const { asset, amount } = choice.channel ?? choice.exact
      const worth = budget.worth(asset, amount)
      return worth === undefined ? [] : [{ choice, worth }]
    })
    if (priced.length === 0 && choices.length > 0) {
      throw notAccepted(choices.map(({ channel, exact }) => (channel ?? exact).asset))
    }
    const byChannel = priced.filter(({ choice }) => choice.channel !== undefined)
    const [best] = (byChannel.length > 0 ? byChannel : priced).sort((one, other) => compare(one.worth, other.worth))
    return best?.choice
  }

  const pay = async ({ channel, exact }: Choice, spending: Spending): Promise<{ payload: object; amount: bigint }> => {
    if (channel !== undefined) return channels.pay(channel, spending)
    const { asset: currency, payTo: payee, amount } = exact
    const recipient = { payee, currency }
    await spending.approve(recipient)
    const reserve = async () => {
      await spending.reserve(recipient, amount)
    }
    return { payload: await signExact(client, exact, reserve), amount }
  }

  return async ({ request, caller, spending, header }: OfferedRequest): Promise<Response | undefined> => {
    const { url } = request
    const required = readPaymentRequired(header)
    const choice = required && choose(required)
    if (required === undefined || choice === undefined) return undefined
    const { x402Version, resource, extensions } = required
    // What is tried again is the same offer: whatever a server asks for later, it was not agreed to.
    for (let attempt = 1; ; attempt++) {
      const { payload, amount } = await pay(choice, spending)
      onPayment?.({ url, amount, unit: 'call', price: amount })
      const payment = { x402Version, resource, accepted: choice.offer, payload, ...(extensions && { extensions }) }
      const answer = await reach(carrying(request, writeJson(payment)), caller.signal)
      const outcome = outcomeOf(answer)
      const isMended = choice.channel !== undefined && (await channels.answered(paymentIn(payload), outcome))
      if (answer.status !== 402) return answer
      await answer.body?.cancel()
      // An authorization that was refused holds until its time is over: a second one could be a second payment.
      if (!isMended || attempt === ATTEMPTS) throw refusal(outcome)
    }
  }
}

function compare(one: bigint, other: bigint): number {
  return one < other ? -1 : Number(one > other)
}

function paymentIn(payload: object): unknown {
  return (payload as { payment?: unknown }).payment
}

function carrying(request: Request, payment: string): Request {
  // A redirect is followed without the payment, which is for this server.
  const paid = new Request(request.clone(), { redirect: 'manual' })
  paid.headers.set(X402_PAYMENT_HEADER, payment)
  return paid
}

function outcomeOf({ status, headers }: Response): Outcome {
  const settled = readSettlement(headers.get(X402_SETTLEMENT_HEADER))
  const quote = headers.get(QUOTE_HEADER)
  return { settled, required: status === 402 && quote !== null ? readPaymentRequired(quote) : undefined }
}

function refusal({ settled, required }: Outcome): ScripError {
  const reason = String(settled?.errorReason ?? required?.error ?? 'no reason')
    .replace(/\p{Cc}+/gu, ' ')
    .slice(0, 200)
  return new ScripError('PAYMENT_REFUSED', {
    detail: `The server did not take the payment: ${reason}.`,
    values: { reason },
  })
}
