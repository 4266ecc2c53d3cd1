import type { Address, Hex } from 'viem'
import { getChainId } from 'viem/actions'
import { getChannelState } from '../chain/actions/getChannelState.ts'
import { getHoldings } from '../chain/actions/getHoldings.ts'
import { openChannel } from '../chain/actions/openChannel.ts'
import { topUp } from '../chain/actions/topUp.ts'
import { addresses } from '../chain/addresses.ts'
import { findChannels } from '../chain/findChannels.ts'
import { accountOf, guarded, type ScripClient } from '../chain/transact.ts'
import { fromHex, toHex } from '../channels/bytes.ts'
import { type Channel, paidTotal } from '../channels/Channel.ts'
import { channelId } from '../channels/hashes.ts'
import type { Statement } from '../channels/judge.ts'
import { createPayer, type PayerRecord, payers } from '../channels/Payer.ts'
import type { VoucherSigner } from '../channels/signatures.ts'
import { ScripError } from '../errors/ScripError.ts'
import { ANSWER_HEADER, PAYMENT_HEADER, PAYMENT_PATH, readAmount } from '../http/headers.ts'
import { receiveProblem } from '../http/problem.ts'
import type { Quote } from '../http/quote.ts'
import { writeStatedPayment } from '../http/statedPayment.ts'
import { put, type Store } from '../store/Store.ts'
import { reach } from './reach.ts'

/** A payment that was made for something at the peer. */
export type Sent = {
  readonly bytes: Uint8Array
  readonly statement: Required<Statement>
  /** The headers that carry it, and what it is for. */
  readonly headers: Headers
}

/** What a payment is for. */
export type Purpose = {
  /** Base units. */
  readonly amount: bigint
  /** Base units of earlier payments that the peer refused, and that this one makes good. */
  readonly refused?: bigint
  /** The answer that it pays on for, as the peer named it. */
  readonly answer?: string | undefined
}

/** A channel to one payee, in use. */
export type Session = {
  readonly channelId: Hex
  /**
   * A payment for a purpose; tops the channel up where its deposit is spent. It is on its way until `arrived` says
   * otherwise.
   */
  pay(purpose: Purpose): Promise<Sent>
  /** Says that a payment is not on its way any more, and whether the peer took it. */
  arrived(sent: Sent, isTaken: boolean): void
  /** Brings a payment to the peer apart from any request. @throws the refusal where nothing helps */
  bring(sent: Sent, url: string, signal: AbortSignal | undefined): Promise<void>
  /**
   * Does what a peer's refusal asks for, so that the next payment is taken. Without the address of a peer of this package what
   * the peer must know goes with that payment. @throws the refusal where nothing helps.
   */
  resolve(problem: ScripError, url: string | undefined): Promise<void>
  /** Whether the channel is being left, as the chain says. */
  isExiting(): Promise<boolean>
}

/** What `openSession` takes. */
export type SessionParameters = {
  client: ScripClient
  signer: VoucherSigner
  store: Store
  quote: Quote
  /** Base units to open and to top up the channel with. */
  deposit: bigint
  /** Asked before a channel is opened; throws where none may be. */
  beforeOpening: () => void
}

/** The sessions of each store: two payers of one channel would not know of each other's payments. */
const sessions = new WeakMap<Store, Map<string, Promise<Session>>>()

/** The session with a payee: one for everything in this process that pays from the store. */
export function sessionFor(parameters: SessionParameters): Promise<Session> {
  const known = sessions.get(parameters.store) ?? new Map<string, Promise<Session>>()
  sessions.set(parameters.store, known)
  const key = keyOf(parameters)
  const present = known.get(key)
  if (present !== undefined) return present
  const session = openSession(parameters)
  known.set(key, session)
  // A failure must not be remembered: the next request tries again.
  session.catch(() => known.delete(key))
  return session
}

/** Has the next request take another channel. What is paid from the session's goes on. */
export function forgetSession(parameters: SessionParameters): void {
  sessions.get(parameters.store)?.delete(keyOf(parameters))
}

function keyOf({ client, signer, quote: { chainId, contract, payee, currency } }: SessionParameters): string {
  return [chainId, contract, payee, currency, accountOf(client).address, signer.address].join('/').toLowerCase()
}

/** Goes on with a channel from the store or from the chain, or opens one. */
async function openSession(parameters: SessionParameters): Promise<Session> {
  const { client, signer, store, quote, deposit } = parameters
  await requireSameChain(client, quote)
  const channel = (await findChannel(parameters)) ?? (await open(parameters))
  const payer = createPayer({ channel, signer, store, tickAmount: quote.amount, overtaking: true })
  await payer.setFunded(channel.funded, channel.claimed)
  /** Where the payments that are on their way begin: the total that was paid before each. */
  const underWay = new Map<Sent, bigint>()
  /** Base units of the deposit that the peer leaves out of account. */
  let margin = 0n
  let last: Promise<unknown> = Promise.resolve()

  const setFunded = (funded: bigint, claimed?: bigint) => payer.setFunded(funded - margin, claimed)

  /** Adds to the deposit what is missing, or more. */
  const fund = async (missing: bigint) => {
    const { funded } = await topUp(client, { channel, amount: missing > deposit ? missing : deposit })
    await setFunded(funded)
  }

  const payFunded = async (amount: bigint): Promise<Uint8Array> => {
    try {
      return await payer.pay(amount)
    } catch (error) {
      if (!(error instanceof ScripError) || error.code !== 'DEPOSIT_EXCEEDED') throw error
      await fund(error.values['missing'] as bigint)
      return payer.pay(amount)
    }
  }

  const payFor = async ({ amount, refused = 0n, answer }: Purpose): Promise<Sent> => {
    const from = await payer.paid()
    const bytes = await payFunded(amount)
    const headers = new Headers()
    if (answer !== undefined) headers.set(ANSWER_HEADER, answer)
    const statement = { amount: amount + refused, arrived: lowest([...underWay.values(), from]) }
    const sent = { bytes, statement, headers }
    underWay.set(sent, from)
    headers.set(PAYMENT_HEADER, writeStatedPayment(bytes, statement, true))
    return sent
  }

  /** One after another: several that find the deposit spent must top it up once. */
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const turn = last.then(work)
    last = turn.catch(() => {})
    return turn
  }

  const arrived = (sent: Sent, isTaken: boolean) => {
    underWay.delete(sent)
    if (isTaken) payer.confirm(sent.bytes)
  }

  const post = (headers: Headers, url: string, signal?: AbortSignal): Promise<Response> =>
    // An answer here is for the payment alone: it must not lead the payment elsewhere.
    reach(new Request(new URL(PAYMENT_PATH, url), { method: 'POST', headers, redirect: 'error' }), signal)

  /** Brings a payment. @returns The peer's refusal, where it refuses. */
  const deliver = async ({ headers }: Sent, url: string, signal?: AbortSignal): Promise<ScripError | undefined> => {
    const answer = await post(headers, url, signal)
    if (!answer.ok) return receiveProblem(answer)
    await answer.body?.cancel()
    return undefined
  }

  /** Tells the peer all about the channel. What it makes more is for payments that the peer refused or did not get yet. */
  const introduce = async (url: string | undefined): Promise<void> => {
    const bytes = await payer.introduction()
    if (url === undefined) return
    const answer = await post(new Headers({ [PAYMENT_HEADER]: writeStatedPayment(bytes, { amount: 0n }) }), url)
    if (answer.ok) {
      payer.confirm(bytes)
      return answer.body?.cancel()
    }
    const problem = await receiveProblem(answer)
    // Another payment of this payer was faster: the peer knows the channel.
    if (problem.code === 'STALE_PAYMENT') return recover(problem)
    throw problem
  }

  /** Takes up what was paid before: what the peer shows of it, and what the chain says was claimed. */
  const recover = async (problem: ScripError): Promise<void> => {
    const before = await payer.paid()
    const state = String(problem.values['state'])
    const isHex = /^0x([0-9a-f]{2})+$/.test(state)
    try {
      if (isHex) return await payer.recover(fromHex(state as `0x${string}`))
    } catch (cause) {
      if (!(cause instanceof ScripError) || cause.code === 'STORE_FAILED') throw cause
    }
    const { claimed, deposit: left } = await getChannelState(client, { channelId: channel.id })
    await setFunded(claimed + left, claimed)
    if ((await payer.paid()) > before) return
    throw new ScripError('PROTOCOL_VIOLATION', {
      detail: 'The peer claims to hold a newer payment, and shows none that this payer made.',
      values: { channelId: channel.id },
      cause: problem,
    })
  }

  /** Takes up what the chain says of the deposit, and adds to it what was paid beyond. */
  const recount = async (problem: ScripError): Promise<void> => {
    const { claimed, deposit: left } = await getChannelState(client, { channelId: channel.id })
    const funded = claimed + left
    const covered = readAmount(problem.values['covered'])
    // A peer that asks for more margin than one deposit has another reason, and none that more money would help.
    if (covered !== undefined && covered < funded && funded - covered <= deposit) margin = funded - covered
    await setFunded(funded, claimed)
    const paid = await payer.paid()
    if (paid > funded - margin) await fund(paid - funded + margin)
  }

  const resolve = async (problem: ScripError, url: string | undefined): Promise<void> => {
    switch (problem.code) {
      case 'STALE_PAYMENT':
        return recover(problem)
      case 'DEPOSIT_EXCEEDED':
        await inTurn(() => recount(problem))
        return introduce(url)
      case 'UNKNOWN_CHANNEL':
      case 'INVALID_TICK':
        return introduce(url)
      case 'PAYMENT_REPLAYED':
        return
      default:
        throw problem
    }
  }

  return {
    channelId: channel.id,
    pay: (purpose) => inTurn(() => payFor(purpose)),
    arrived,
    resolve,

    bring: async (sent, url, signal) => {
      let isTaken = false
      try {
        const refusal = await deliver(sent, url, signal)
        if (refusal !== undefined) await resolve(refusal, url)
        // What helped made the peer take the total, not the answer that the payment was for: it is brought again.
        const isUseful = refusal !== undefined && refusal.code !== 'PAYMENT_REPLAYED'
        const last = isUseful ? await deliver(sent, url, signal) : undefined
        if (last !== undefined) await resolve(last, url)
        isTaken = refusal === undefined || (isUseful && last === undefined)
      } finally {
        arrived(sent, isTaken)
      }
    },

    isExiting: async () => {
      const { exitAt } = await getChannelState(client, { channelId: channel.id })
      return exitAt !== 0
    },
  }
}

/** A channel with what the chain says was deposited and claimed, in base units. */
type Found = Channel & { readonly funded: bigint; readonly claimed: bigint }

/** A channel that still pays this payee: one of the store, or one that only the chain knows because the store was lost. */
async function findChannel(parameters: SessionParameters): Promise<Found | undefined> {
  const stored = await channelsOf(parameters)
  return (await firstOpen(parameters, stored)) ?? (await firstOpen(parameters, await channelsOnChain(parameters)))
}

/**
 * Whether a quote can be paid as things are: from a channel of the store, or by opening one out of the wallet. A channel that
 * only the chain knows is not looked for.
 */
export async function canPay(parameters: SessionParameters): Promise<boolean> {
  const { client, store, quote, deposit } = parameters
  for (const { channel, ...record } of await store.all(payers)) {
    if (isFor(channel, parameters) && unpaid(record) >= quote.amount) return true
  }
  const { wallet } = await getHoldings(client, { currency: quote.currency })
  return wallet >= deposit
}

/** Base units of the deposit that are not paid yet. */
function unpaid({ funded, claimed = 0n, voucher, tick }: Omit<PayerRecord, 'channel'>): bigint {
  const paid = voucher === undefined ? 0n : paidTotal(voucher, tick?.count ?? 0)
  return funded - (paid > claimed ? paid : claimed)
}

async function firstOpen({ client }: SessionParameters, channels: Channel[]): Promise<Found | undefined> {
  for (const channel of channels) {
    const { opened, exitAt, claimed, deposit } = await getChannelState(client, { channelId: channel.id })
    if (opened && exitAt === 0) return { ...channel, funded: claimed + deposit, claimed }
  }
  return undefined
}

async function channelsOf(parameters: SessionParameters): Promise<Channel[]> {
  const records = await parameters.store.all(payers)
  return records.map(({ channel }) => channel).filter((channel) => isFor(channel, parameters))
}

/** The channels that the account opened to this payee; none where the node does not search that far. */
async function channelsOnChain(parameters: SessionParameters): Promise<Channel[]> {
  const { client, quote } = parameters
  try {
    const channels = await findChannels(client, { payer: accountOf(client).address, payee: quote.payee })
    return channels.filter((channel) => isFor(channel, parameters)).reverse()
  } catch {
    return []
  }
}

function isFor(channel: Channel, { client, signer, quote }: SessionParameters): boolean {
  return (
    channel.payer === accountOf(client).address.toLowerCase() &&
    channel.payee === quote.payee &&
    channel.token === quote.currency &&
    channel.chainId === quote.chainId &&
    channel.contract === quote.contract &&
    channel.signer === signer.address.toLowerCase()
  )
}

/** Seconds between an exit's request and the exit. */
const EXIT_DELAY = 24 * 3600

/**
 * Opens a channel. Its descriptor is in the store before anything is sent: a payer that crashed in between comes back to
 * the same channel, whether the chain has it by then or not, and never deposits into two.
 */
async function open(parameters: SessionParameters): Promise<Found> {
  const { client, signer, store, deposit, beforeOpening } = parameters
  beforeOpening()
  const channel = (await planned(parameters)) ?? plan(parameters)
  await store.write([put(payers, channel.id, { channel, funded: 0n })])
  const { payee, token: currency, exitDelay, salt } = channel
  const { funded } = await openChannel(client, { payee, currency, deposit, signer, exitDelay, salt })
  return { ...channel, funded, claimed: 0n }
}

/** A channel that was to be opened before, and was never paid through. */
async function planned({ store, ...parameters }: SessionParameters): Promise<Channel | undefined> {
  const records = await store.all(payers)
  const isPlanned = ({ channel, funded, voucher }: PayerRecord) =>
    funded === 0n && voucher === undefined && isFor(channel, { store, ...parameters })
  return records.find(isPlanned)?.channel
}

function plan({ client, signer, quote }: SessionParameters): Channel {
  const descriptor = {
    chainId: quote.chainId,
    contract: quote.contract,
    payer: accountOf(client).address.toLowerCase() as Address,
    payee: quote.payee,
    token: quote.currency,
    signer: signer.address.toLowerCase() as Address,
    exitDelay: EXIT_DELAY,
    flags: 0,
    salt: toHex(crypto.getRandomValues(new Uint8Array(32))),
  }
  return { id: channelId(descriptor), ...descriptor }
}

/** Looks before anything is deposited: what went into a channel elsewhere could only be got back by leaving it. */
async function requireSameChain(client: ScripClient, { chainId, contract }: Quote): Promise<void> {
  const present = await guarded([], () => getChainId(client))
  if (present !== chainId) {
    throw new ScripError('WRONG_CHAIN', {
      detail: `The peer is paid on chain ${chainId}; the client is on ${present}.`,
      values: { expected: chainId, chainId: present },
    })
  }
  const ours = addresses.paymentChannels.toLowerCase() as Address
  if (contract === ours) return
  throw new ScripError('PROTOCOL_VIOLATION', {
    detail: `The peer is paid through the contract ${contract}; this version pays through ${ours}.`,
    values: { contract, expected: ours },
  })
}

function lowest(totals: Iterable<bigint>): bigint {
  return [...totals].reduce((least, total) => (total < least ? total : least))
}
