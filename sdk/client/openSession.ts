import type { Address } from 'viem'
import { getChainId } from 'viem/actions'
import { getChannelState } from '../chain/actions/getChannelState.ts'
import { openChannel } from '../chain/actions/openChannel.ts'
import { topUp } from '../chain/actions/topUp.ts'
import { addresses } from '../chain/addresses.ts'
import { accountOf, guarded, type ScripClient } from '../chain/transact.ts'
import { fromHex } from '../channels/bytes.ts'
import type { Channel } from '../channels/Channel.ts'
import { createPayer, payers } from '../channels/Payer.ts'
import type { VoucherSigner } from '../channels/signatures.ts'
import { ScripError } from '../errors/ScripError.ts'
import { AMOUNT_HEADER, ANSWER_HEADER, PAYMENT_HEADER, PAYMENT_PATH, writePaymentHeader } from '../http/headers.ts'
import { receiveProblem } from '../http/problem.ts'
import type { Quote } from '../http/quote.ts'
import type { Store } from '../store/Store.ts'
import { reach } from './reach.ts'

/** What a payment that goes alone is for. */
export type Purpose = {
  /** Base units. */
  readonly amount: bigint
  /** Somewhere at the peer. */
  readonly url: string
  /** The answer that it pays on for, as the peer named it. */
  readonly answer?: string
  readonly signal?: AbortSignal
}

/** A channel to one payee, in use. */
export type Session = {
  /** Requests and answers under way that are paid from the channel. */
  active: number
  /** The bytes of a payment of `amount` base units; tops the channel up where its deposit is spent. */
  pay(amount: bigint): Promise<Uint8Array>
  /** Brings a payment to the peer apart from any request. @throws the refusal where nothing helps */
  bring(payment: Uint8Array, purpose: Purpose): Promise<void>
  /** Does what a peer's refusal asks for, so that the next payment is taken. @throws the refusal where nothing helps. */
  resolve(problem: ScripError, url: string): Promise<void>
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

/** Goes on with a channel from the store, or opens one. */
async function openSession(parameters: SessionParameters): Promise<Session> {
  const { client, signer, store, quote, deposit } = parameters
  await requireSameChain(client, quote)
  const channel = (await findChannel(parameters)) ?? (await open(parameters))
  const payer = createPayer({ channel, signer, store, tickAmount: quote.perKilobyte })
  await payer.setFunded(channel.funded)
  let last: Promise<unknown> = Promise.resolve()

  /** Adds to the deposit what is missing, or more. */
  const fund = async (missing: bigint) => {
    const { funded } = await topUp(client, { channel, amount: missing > deposit ? missing : deposit })
    await payer.setFunded(funded)
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

  /** One after another: several that find the deposit spent must top it up once. */
  const pay = (amount: bigint): Promise<Uint8Array> => {
    const turn = last.then(() => payFunded(amount))
    last = turn.catch(() => {})
    return turn
  }

  const post = (payment: Uint8Array, { amount, url, answer, signal }: Purpose): Promise<Response> => {
    const headers = new Headers({ [PAYMENT_HEADER]: writePaymentHeader(payment), [AMOUNT_HEADER]: amount.toString() })
    if (answer !== undefined) headers.set(ANSWER_HEADER, answer)
    // An answer here is for the payment alone: it must not lead the payment elsewhere.
    return reach(
      new Request(new URL(PAYMENT_PATH, url), {
        method: 'POST',
        headers,
        redirect: 'error',
        ...(signal && { signal }),
      }),
    )
  }

  /** Tells the peer all about the channel. @throws the peer's refusal */
  const introduce = async (url: string): Promise<void> => {
    const answer = await post(await payer.introduction(), { amount: 0n, url })
    if (answer.ok) return answer.body?.cancel()
    const problem = await receiveProblem(answer)
    // Another payment of this payer was faster: the peer knows the channel.
    if (problem.code === 'STALE_PAYMENT') return recover(problem)
    throw problem
  }

  const recover = async (problem: ScripError): Promise<void> => {
    const state = String(problem.values['state'])
    const isHex = /^0x([0-9a-f]{2})+$/.test(state)
    try {
      if (isHex) return await payer.recover(fromHex(state as `0x${string}`))
    } catch (cause) {
      if (!(cause instanceof ScripError) || cause.code === 'STORE_FAILED') throw cause
    }
    throw new ScripError('PROTOCOL_VIOLATION', {
      detail: 'The peer claims to hold a newer payment, and shows none that this payer made.',
      values: { channelId: channel.id },
      cause: problem,
    })
  }

  /** Takes up what the chain says of the deposit, and adds to it what was paid beyond. */
  const recount = async (): Promise<void> => {
    const { claimed, deposit: left } = await getChannelState(client, { channelId: channel.id })
    const funded = claimed + left
    await payer.setFunded(funded)
    const paid = await payer.paid()
    if (paid > funded) await fund(paid - funded)
  }

  const resolve = async (problem: ScripError, url: string): Promise<void> => {
    switch (problem.code) {
      case 'STALE_PAYMENT':
        return recover(problem)
      case 'DEPOSIT_EXCEEDED':
        await recount()
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
    active: 0,
    pay,
    resolve,

    bring: async (payment, purpose) => {
      const answer = await post(payment, purpose)
      if (answer.ok) await answer.body?.cancel()
      else await resolve(await receiveProblem(answer), purpose.url)
    },

    isExiting: async () => {
      const { exitAt } = await getChannelState(client, { channelId: channel.id })
      return exitAt !== 0
    },
  }
}

/** A channel of the store that still pays this payee. */
async function findChannel({
  client,
  signer,
  store,
  quote,
}: SessionParameters): Promise<(Channel & { funded: bigint }) | undefined> {
  const payer = accountOf(client).address.toLowerCase()
  for (const { channel } of await store.all(payers)) {
    const fits =
      channel.payer === payer &&
      channel.payee === quote.payee &&
      channel.token === quote.currency &&
      channel.chainId === quote.chainId &&
      channel.contract === quote.contract &&
      channel.signer === signer.address.toLowerCase()
    if (!fits) continue
    const { opened, exitAt, claimed, deposit } = await getChannelState(client, { channelId: channel.id })
    if (opened && exitAt === 0) return { ...channel, funded: claimed + deposit }
  }
  return undefined
}

async function open({
  client,
  signer,
  quote,
  deposit,
  beforeOpening,
}: SessionParameters): Promise<Channel & { funded: bigint }> {
  beforeOpening()
  const { transaction: _, ...channel } = await openChannel(client, {
    payee: quote.payee,
    currency: quote.currency,
    deposit,
    signer,
  })
  return channel
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
