import type { Address } from 'viem'
import type { ScripClient } from '../chain/transact.ts'
import type { VoucherSigner } from '../channels/signatures.ts'
import { ScripError } from '../errors/ScripError.ts'
import { readAmount, writePaymentHeader } from '../http/headers.ts'
import type { X402Settlement } from '../http/x402.ts'
import { type ChannelPayload, type ChannelTerms, readChannelProblem, type X402PaymentRequired } from '../http/x402.ts'
import type { Store } from '../store/Store.ts'
import type { Spending } from './createBudget.ts'
import { forgetSession, type Sent, type Session, type SessionParameters, sessionFor } from './openSession.ts'

/** What came back on a payment: what became of it, or what the server asks for in its place, or neither. */
export type Outcome = {
  readonly settled?: X402Settlement | undefined
  readonly required?: X402PaymentRequired | undefined
}

/** Pays for offers of the scheme `channel`. */
export type ChannelOffers = {
  /** Pays, within what may be spent. @returns What goes to the server, and how many base units were paid */
  pay(terms: ChannelTerms, spending: Spending): Promise<{ payload: ChannelPayload; amount: bigint }>
  /**
   * Says what came back on a payment, and does what a refusal asks for.
   * @returns Whether another payment may be taken where this one was not
   */
  answered(payment: unknown, outcome: Outcome): Promise<boolean>
}

/** What of a channel was paid to stock servers. Amounts in base units. */
type Line = {
  /** The payments that are not answered yet. */
  readonly underWay: Set<object>
  /** What was paid and bought nothing: it pays for what comes next. */
  credit: bigint
  /** Whether the payee said of the last payment that it adds nothing, which nobody can check. */
  isDoubtful: boolean
}

/** A payment that is not answered yet. */
type Unanswered = {
  readonly line: Line
  readonly parameters: SessionParameters
  readonly session: Session
  readonly sent: Sent
  /** Base units that the answer was to cost, and that were paid for it beyond what was left of earlier payments. */
  readonly price: bigint
  readonly amount: bigint
  /** When nobody waits for the answer any more, in milliseconds. */
  readonly until: number
}

const lines = new WeakMap<Session, Line>()

/** Refusals after which what was paid is still there to be spent: the next payment has to bring that much less. */
const NOT_SPENT = new Set(['UNKNOWN_CHANNEL', 'INVALID_TICK', 'DEPOSIT_EXCEEDED'])

/**
 * Pays for offers of the scheme `channel`, from the channels of a store. The first payment to a payee opens a channel, or goes
 * on with one. What was paid for an answer that failed is not lost: where no other payment is on its way, the next one is
 * that much less.
 */
export function createChannelOffers(parameters: {
  client: ScripClient
  signer: VoucherSigner
  store: Store
  /** Base units of a currency to open and to top up a channel with. */
  deposit: (currency: Address) => bigint
}): ChannelOffers {
  const unanswered = new Map<string, Unanswered>()

  /** Gives up payments whose answers never came: a `fetch` that failed tells nobody. */
  const giveUp = () => {
    for (const [payment, { line, session, sent, until }] of unanswered) {
      if (until > Date.now()) continue
      unanswered.delete(payment)
      line.underWay.delete(sent)
      session.arrived(sent, false)
    }
  }

  const pay: ChannelOffers['pay'] = async (terms, spending) => {
    giveUp()
    const { chainId, contract, asset: currency, payTo: payee, amount: price, seconds } = terms
    const quote = { chainId, contract, currency, payee, unit: 'call', amount: price } as const
    await spending.approve(quote)
    const left = await spending.left(quote)
    const beforeOpening = () => {
      // Before any deposit: what is too dear is not worth a channel.
      if (price > left) throw exceeded(price, left)
      spending.countChannel()
    }
    const session = { ...parameters, quote, deposit: parameters.deposit(currency), beforeOpening }
    const present = await sessionFor(session)
    const line = lines.get(present) ?? { underWay: new Set(), credit: 0n, isDoubtful: false }
    lines.set(present, line)

    // The payee counts what is left only for a payment that comes alone.
    const credit = line.underWay.size === 0 ? line.credit : 0n
    line.credit -= credit
    // One unit at least: a payment that adds nothing could be anybody's who overheard it.
    const amount = price > credit ? price - credit : 1n
    const turn = {}
    line.underWay.add(turn)
    try {
      await spending.reserve(quote, amount)
      const sent = await present.pay({ amount })
      const payload = payloadOf(sent)
      const until = Date.now() + 1_000 * seconds
      unanswered.set(payload.payment, { line, parameters: session, session: present, sent, price, amount, until })
      line.underWay.add(sent)
      line.credit += credit + amount - price > 0n ? credit + amount - price : 0n
      return { payload, amount }
    } catch (error) {
      line.credit += credit
      throw error
    } finally {
      line.underWay.delete(turn)
    }
  }

  const answered: ChannelOffers['answered'] = async (payment, { settled, required }) => {
    const known = unanswered.get(String(payment))
    if (known === undefined) return false
    unanswered.delete(String(payment))
    const { line, parameters, session, sent, price, amount } = known
    line.underWay.delete(sent)
    const problem = required && readChannelProblem(required.accepts)
    session.arrived(sent, settled?.success === true || problem?.code === 'PAYMENT_REQUIRED')

    if (settled?.success === true) {
      line.isDoubtful = false
      const left = readAmount(settled.extra?.['credit'])
      if (line.underWay.size === 0 && left !== undefined) line.credit = left
      return false
    }
    if (problem === undefined || NOT_SPENT.has(problem.code)) line.credit += price
    if (problem === undefined) return false
    if (problem.code === 'PAYMENT_REQUIRED') {
      // The payee does not count what this side does: the next payment is whole, and its answer says what is left. A whole
      // one that was not enough will not be enough again.
      line.credit = 0n
      return amount < price
    }
    if (problem.code === 'PAYMENT_REPLAYED') {
      // A payer that lost its state pays what it paid before. A payee that says so again is not believed.
      const isCredible = !line.isDoubtful
      line.isDoubtful = true
      return isCredible
    }
    if (problem.code === 'CHANNEL_EXITING') {
      if (!(await session.isExiting())) return false
      forgetSession(parameters)
      return true
    }
    try {
      await session.resolve(problem, undefined)
      return true
    } catch (error) {
      if (error === problem) return false
      throw error
    }
  }

  return { pay, answered }
}

function exceeded(price: bigint, left: bigint): ScripError {
  return new ScripError('LIMIT_EXCEEDED', {
    detail: `The price is ${price} base units; the limit is ${left}.`,
    values: { span: 'request', limit: left, wanted: price },
  })
}

function payloadOf({ bytes, statement: { amount, arrived } }: Sent): ChannelPayload {
  return { payment: writePaymentHeader(bytes), amount: `${amount}`, arrived: `${arrived}` }
}
