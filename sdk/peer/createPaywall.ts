import type { Address, Hex } from 'viem'
import type { Gate } from '../admission/createGate.ts'
import type { ScripClient } from '../chain/transact.ts'
import { toHex } from '../channels/bytes.ts'
import type { Channel } from '../channels/Channel.ts'
import type { Acceptance, AcceptOptions, Payee } from '../channels/Payee.ts'
import { decodePayment } from '../channels/payment.ts'
import type { VoucherSigner } from '../channels/signatures.ts'
import { ScripError } from '../errors/ScripError.ts'
import {
  ANSWER_HEADER,
  BOUND_HEADER,
  CREDIT_HEADER,
  PAYMENT_HEADER,
  PAYMENT_PATH,
  PRICE_HEADER,
  QUOTE_HEADER,
  QUOTE_ID_HEADER,
  RECEIPT_PATH,
} from '../http/headers.ts'
import { newest } from '../http/newest.ts'
import { type Price, type Rate, rateOf, readRate, writeRate } from '../http/price.ts'
import { PROBLEM_TYPE } from '../http/problem.ts'
import { writeQuote } from '../http/quote.ts'
import { type Receipt, receiptDigest, writeReceipt } from '../http/receipt.ts'
import { idStartOf, readStatedPayment } from '../http/statedPayment.ts'
import { acceptPayment } from './acceptPayment.ts'
import { type Allowances, createAllowances, UNBOUNDED } from './createAllowances.ts'
import { createObserver } from './createObserver.ts'
import { createQuotes } from './createQuotes.ts'
import { sharesOf } from './createShares.ts'
import { notePayer } from './payerOf.ts'
import { createSale, type Sale, type Tally } from './Sale.ts'

/** What a paywall takes. `Request` is what its server calls a request. */
export type PaywallParameters<Request extends object> = {
  /** Who is paid. */
  payee: Payee
  /** Reads the chain: which channels exist and what they hold. */
  client: ScripClient
  /**
   * What an answer costs, or a function of the request that says it; a request for which it gives nothing is free. A price
   * that was quoted holds until its quote expires, for the same method and address.
   */
  price: Price | ((request: Request) => Price | undefined | Promise<Price | undefined>)
  /** What a price depends on besides method and address: a quote is for the same words only. */
  item?: (request: Request) => string
  /** What to pay in. */
  currency: Address
  /** Whom to serve; everybody who pays where nothing is said. */
  admission?: Gate
  /** Milliseconds that an answer waits for its payer before it is cut off; 30 seconds where nothing is said. */
  patience?: number
  /** Seconds that a quote holds; 60 where nothing is said. */
  quoteSeconds?: number
  /** Lets several processes, or one that restarts, keep to each other's quotes: a secret of theirs. */
  quoteSecret?: string
  /** The payee's key, to sign receipts with; they are unsigned where nothing is said. */
  receiptSigner?: VoucherSigner
  /** Told what went wrong at this end, of which strangers learn nothing; a warning of the process where nothing is said. */
  onError?: (error: unknown) => void
  /** Told of every request whose payment was taken, when its answer is over. */
  onSale?: (sale: Sold) => void
}

/** A paid request, when its answer is over. */
export type Sold = {
  /** The request: `GET /some/path?query`. */
  readonly resource: string
  readonly channel: Channel
  /** Base units paid on the channel in all by then. */
  readonly accepted: bigint
  /** The status of the answer; 0 where nothing went out. */
  readonly status: number
  /** Bytes of its body that went out. */
  readonly bytes: number
  /** Base units that were charged for it. */
  readonly charged: bigint
  /** Whether it went out whole. */
  readonly isComplete: boolean
}

/** How to read what a server calls a request. */
export type RequestReader<Request extends object> = {
  method(request: Request): string
  /** Path and query, as they were sent. */
  target(request: Request): string
  /** A header by its name in lower case; nothing where it is absent. */
  header(request: Request, name: string): string | undefined
}

/** An answer in one piece. */
export type Reply = {
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly body: string
}

/** What a paywall makes of a request: it costs nothing, it is answered already, or its answer is for sale. */
export type Decision =
  | { readonly kind: 'free' }
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'sale'; readonly sale: Sale }

/** A paywall without a server: says what becomes of requests. */
export type Paywall<Request extends object> = {
  decide(request: Request): Promise<Decision>
  /** The answer for a request that went wrong. */
  refuse(error: unknown): Reply
  /** Milliseconds that an answer waits for its payer. */
  readonly patience: number
}

const PATIENCE_MILLISECONDS = 30_000

const QUOTE_SECONDS = 60

/** Channels of which is remembered what decides of the next payment, and receipts that can be asked for. */
const MOST_CHANNELS = 65_536
const MOST_RECEIPTS = 16_384

const FREE: Decision = { kind: 'free' }

/** A channel by which was paid since the start. */
type Known = { readonly channel: Channel; readonly id: Hex; accepted: bigint }

/** What was read of a request before anything could go wrong, for its refusal. */
type Asked = { readonly resource: string; readonly target: string; item?: string; rate?: Rate }

/** The core of every paywall. @throws `INVALID_ARGUMENT` where the price is none, or the signer not the payee's */
export function createPaywall<Request extends object>(
  parameters: PaywallParameters<Request>,
  reader: RequestReader<Request>,
): Paywall<Request> {
  const { payee, client, price, item, admission: gate, receiptSigner, onSale } = parameters
  const { patience = PATIENCE_MILLISECONDS, quoteSeconds = QUOTE_SECONDS, quoteSecret, onError = warn } = parameters
  const currency = parameters.currency.toLowerCase() as Address
  const { chainId, contract } = payee.accepts
  if (receiptSigner !== undefined && receiptSigner.address.toLowerCase() !== payee.address) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: `Receipts are signed by the payee ${payee.address}, not by ${receiptSigner.address}.`,
    })
  }
  const fixed = typeof price === 'function' ? undefined : rateOf(price)
  const fixedText = fixed && writeRate(fixed)
  const terms = { chainId, contract, currency, payee: payee.address }
  const quotes = createQuotes({ terms, seconds: quoteSeconds, secret: quoteSecret })
  const observer = createObserver({ client, payee })
  const shares = sharesOf(payee)
  const allowances: Allowances | undefined = gate && createAllowances({ gate, payee, observer, currency })
  const known = newest<Hex, Known>(MOST_CHANNELS)
  const knownByStart = newest<string, Known>(MOST_CHANNELS)
  const tallies = newest<string, Tally>(MOST_RECEIPTS)
  const find = (idStart: string) => knownByStart.get(idStart)

  /** Accepts a payment, and remembers its channel. */
  const accept = async (payment: Uint8Array, options: AcceptOptions, required?: Address): Promise<Acceptance> => {
    const present = known.get(idIn(payment))
    const requirement = {
      ...options,
      ...(required && { currency: required }),
      ...(present && { channel: present.channel }),
    }
    const acceptance = await acceptPayment({ payee, observer }, payment, requirement)
    const { channel, accepted } = acceptance
    if (present) present.accepted = accepted
    else remember({ channel, id: channel.id, accepted })
    return acceptance
  }

  const remember = (channel: Known) => {
    known.set(channel.id, channel)
    knownByStart.set(idStartOf(channel.id), channel)
  }

  const itemOf = (request: Request, resource: string) => item?.(request) ?? resource.replace(/^HEAD /, 'GET ')

  /** The price of this request: the one that its payer was quoted, where it names a quote. */
  const rateFor = (request: Request, asked: Asked, current: Rate): Rate => {
    const id = reader.header(request, QUOTE_ID_HEADER)
    const rate = id === undefined ? current : quotes.recognize(id, asked.item ?? '')
    const stated = reader.header(request, PRICE_HEADER)
    if (stated === undefined || (stated === fixedText && rate === fixed)) return rate
    const most = readRate(stated)
    if (most?.unit === rate.unit && most.amount >= rate.amount) return rate
    throw new ScripError('PAYMENT_REQUIRED', {
      detail: `The price is ${writeRate(rate)} now; the payer states ${most === undefined ? 'none' : writeRate(most)}.`,
      values: { unit: rate.unit, amount: rate.amount },
    })
  }

  const sell = async (request: Request, asked: Asked, current: Rate): Promise<Decision> => {
    const header = reader.header(request, PAYMENT_HEADER)
    if (header === undefined) {
      throw new ScripError('PAYMENT_REQUIRED', { values: { unit: current.unit, amount: current.amount } })
    }
    const { payment, statement } = readStatedPayment(header, find)
    const { channel, accepted, added, held } = await accept(payment, { ...statement, hold: 'rest' }, currency)
    notePayer(request, channel)
    const answer = crypto.randomUUID()
    const { resource } = asked
    const tally: Tally = { channelId: channel.id, answer, resource, status: 0, bytes: 0, charged: 0n, endedAt: 0 }
    const share = shares.open(channel.id, held, answer)
    try {
      // Not before the payment is taken: it is the payer's credit whatever becomes of the request.
      const rate = rateFor(request, asked, current)
      if (added === 0n) throw new ScripError('PAYMENT_REPLAYED', { values: { channelId: channel.id, accepted } })
      if (held < rate.amount) throw tooLittle(held, rate)
      const allowance = allowances === undefined ? UNBOUNDED : await allowances(channel, rate.amount)
      const headers: Record<string, string> = {
        [CREDIT_HEADER]: held.toString(),
        [ANSWER_HEADER]: answer,
        [PRICE_HEADER]: rate === fixed ? (fixedText as string) : writeRate(rate),
        // What one payer bought must not be handed to others by a cache on the way. A handler may say otherwise.
        'cache-control': 'private, max-age=0',
      }
      if (allowance.bound !== undefined) headers[BOUND_HEADER] = allowance.bound.toString()
      tallies.set(answer, tally)
      const sale = createSale({ rate, share, allowance, tally, headers, patience })
      return { kind: 'sale', sale: onSale === undefined ? sale : told(sale, tally, channel, accepted) }
    } catch (error) {
      // Before the refusal goes out: whoever sees it has the credit back.
      share.close()
      const status = error instanceof ScripError ? error.status : 500
      // Payers come back with another payment at once.
      if (status !== 402) {
        onSale?.({ resource, channel, accepted, status, bytes: 0, charged: 0n, isComplete: true })
      }
      throw error
    }
  }

  /** The sale, with its end told. */
  const told = (sale: Sale, tally: Tally, channel: Channel, before: bigint): Sale => ({
    ...sale,
    end: (outcome) => {
      const isFirst = tally.endedAt === 0
      sale.end(outcome)
      const { resource, status, bytes, charged } = tally
      const accepted = known.get(channel.id)?.accepted ?? before
      if (isFirst) onSale?.({ resource, channel, accepted, status, bytes, charged, isComplete: outcome === 'complete' })
    },
  })

  const payOn = async (request: Request): Promise<Decision> => {
    const header = reader.header(request, PAYMENT_HEADER)
    if (header === undefined) throw new ScripError('PAYMENT_REQUIRED')
    const { payment, statement } = readStatedPayment(header, find)
    const name = reader.header(request, ANSWER_HEADER)
    const isMeant = name !== undefined && statement.amount !== undefined
    const share = isMeant ? shares.find(idIn(payment), name) : undefined
    const { channel, credit, held } = await accept(payment, { ...statement, ...(share && { hold: 'added' }) })
    if (share === undefined) shares.credited(channel.id)
    else share.add(held)
    return { kind: 'reply', reply: { status: 204, headers: { [CREDIT_HEADER]: credit.toString() }, body: '' } }
  }

  /** What was served and charged for an answer, for whoever knows its name: only its payer was told. */
  const receiptFor = async (request: Request): Promise<Decision> => {
    const tally = tallies.get(reader.header(request, ANSWER_HEADER) ?? '')
    if (tally === undefined) {
      throw new ScripError('NOT_FOUND', {
        detail: 'There is no receipt for such an answer, or not any more.',
        hint: 'Ask for receipts soon, of the process that gave the answer.',
      })
    }
    const { endedAt, ...counted } = tally
    const at = endedAt === 0 ? Math.floor(Date.now() / 1000) : endedAt
    const receipt: Receipt = { chainId, contract, ...counted, at, isFinal: endedAt !== 0 }
    const signature = await receiptSigner?.sign({ hash: toHex(receiptDigest(receipt)) })
    const body = writeReceipt({ ...receipt, ...(signature !== undefined && { signature }) })
    const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' }
    return { kind: 'reply', reply: { status: 200, headers, body } }
  }

  const refuse = (error: unknown, asked?: Asked): Reply => {
    const problem = error instanceof ScripError ? error : new ScripError('INTERNAL', { cause: error })
    if (problem.status >= 500) onError(error)
    const headers: Record<string, string> = { 'content-type': PROBLEM_TYPE, 'cache-control': 'no-store' }
    if (problem.status === 429) headers['retry-after'] = '1'
    if (problem.status === 402 && asked?.rate !== undefined) {
      headers[QUOTE_HEADER] = writeQuote(quotes.give(asked.rate, asked.item ?? ''), asked.target)
    }
    return { status: problem.status, headers, body: JSON.stringify(publicProblem(problem)) }
  }

  return {
    patience,
    refuse,

    decide: async (request) => {
      const method = reader.method(request)
      const target = reader.target(request)
      const asked: Asked = { resource: `${method} ${target}`, target }
      try {
        if (target === PAYMENT_PATH && method === 'POST') return await payOn(request)
        if (target === RECEIPT_PATH && method === 'GET') return await receiptFor(request)
        const rate = fixed ?? (await rateIn(price, request))
        if (rate === undefined) return FREE
        asked.rate = rate
        asked.item = itemOf(request, asked.resource)
        return await sell(request, asked, rate)
      } catch (error) {
        return { kind: 'reply', reply: refuse(error, asked) }
      }
    },
  }
}

async function rateIn<Request extends object>(
  price: PaywallParameters<Request>['price'],
  request: Request,
): Promise<Rate | undefined> {
  const present = typeof price === 'function' ? await price(request) : price
  return present && rateOf(present)
}

/** The id of the channel that a payment is for. */
function idIn(payment: Uint8Array): Hex {
  const isPlain = ((payment[0] as number) & 1) === 0 && payment.length > 32
  return isPlain ? toHex(payment.subarray(1, 33)) : decodePayment(payment).channelId
}

function tooLittle(credit: bigint, { unit, amount }: Rate): ScripError {
  return new ScripError('PAYMENT_REQUIRED', {
    detail: `A ${unit} costs ${amount} base units; the channel has ${credit} for it.`,
    values: { unit, amount, credit },
  })
}

function warn(error: unknown): void {
  const text = error instanceof Error ? error : String(error)
  if (typeof process === 'undefined') console.warn(text)
  else process.emitWarning(text)
}

/** What strangers are told of an error: of one at this end no more than its kind, because it may name files and addresses. */
function publicProblem(error: ScripError) {
  if (error.status < 500) return error.toProblem()
  return new ScripError(error.code, {
    detail: 'The peer has a difficulty of its own.',
    hint: 'Try again later: nothing was charged for what was not served.',
  }).toProblem()
}
