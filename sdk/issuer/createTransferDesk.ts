import { erc20Abi } from 'viem'
import { getCode, readContract } from 'viem/actions'
import { guarded, type ScripClient } from '../chain/transact.ts'
import { ScripError } from '../errors/ScripError.ts'
import type { SignedTransfer } from '../http/gatewayMessages.ts'
import { createTurns } from '../store/createTurns.ts'
import { put, type Store } from '../store/Store.ts'
import { failureAnswer, messages, successAnswer, type TransferAnswer } from './answers.ts'
import type { CurrencyBook } from './createCurrencyBook.ts'
import { type Judge, unavailable, type Verdict } from './createJudge.ts'
import type { Limiter } from './createLimiter.ts'
import type { RelayService } from './createRelay.ts'
import { isSignedByKey, type TransferMessage, transferMessage } from './transferMessage.ts'
import { within } from './within.ts'

/** Answers transferFundsRequests. */
export type TransferDesk = {
  /**
   * The first answer to the message, kept or made now.
   * @throws what is no first answer: `UNKNOWN_CURRENCY`, `INVALID_SIGNATURE`, `MESSAGE_CONFLICT`, `MESSAGE_EXPIRED`,
   * `TOO_MANY_REQUESTS`, `TRANSACTION_PENDING`, `ISSUER_UNAVAILABLE`
   */
  transfer(request: SignedTransfer, signal: AbortSignal): Promise<TransferAnswer>
}

/** What `createTransferDesk` takes. */
export type TransferDeskParameters = {
  client: ScripClient
  store: Store
  book: CurrencyBook
  judge: Judge
  relay: RelayService
  /** Counts the new messages of each holder. */
  holders: Limiter
  /** Milliseconds to wait for the chain. */
  patience: number
}

/** Seconds that a message must still hold for when it comes: it would expire on its way into a block. */
const LEAST_VALIDITY = 15

export function createTransferDesk(parameters: TransferDeskParameters): TransferDesk {
  const { client, store, book, judge, relay, holders, patience } = parameters
  const underWay = new Map<string, Promise<Promised>>()
  const turns = createTurns()

  /** What is known of a message, in memory or in the store. @throws `MESSAGE_CONFLICT` where its counter is another's */
  const find = async (message: TransferMessage): Promise<Promised | undefined> => {
    // Answered or dropped between two looks, it is known at the next.
    for (let looks = 0; looks < 3; looks++) {
      const pending = relay.find(message.key)
      if (pending !== undefined) {
        const isStored = await pending.stored.then(
          () => true,
          () => false,
        )
        if (!isStored) continue
        if (pending.job.digest !== message.digest) throw conflict(message)
        return { answer: pending.answer }
      }
      const record = await store.get(messages, message.key)
      if (record === undefined) return undefined
      if (record.digest !== message.digest) throw conflict(message)
      if (record.answer !== undefined) return { answer: Promise.resolve(record.answer) }
    }
    return undefined
  }

  /** The answer to a message that was not there before. */
  const begin = async (message: TransferMessage): Promise<Promised> => {
    await requireSignature(message)
    const known = await find(message)
    if (known !== undefined) return known
    // Only now: who did not sign must not use up what the holder may send.
    holders.take(message.holder)
    return turns.take(message.holder, async () => (await find(message)) ?? (await conclude(message)))
  }

  /** @throws `INVALID_SIGNATURE` */
  const requireSignature = async (message: TransferMessage): Promise<void> => {
    if (isSignedByKey(message)) return
    const { from } = message.request
    const code = await guarded([], () => getCode(client, { address: from }))
    if (code === undefined) throw new ScripError('INVALID_SIGNATURE', { values: { from } })
    // What a wallet signed only the wallet knows.
    requireClear(await judge(message.request))
  }

  /** Stores an answer that is clear, or the message for the relay. One message of a holder at a time. */
  const conclude = async (message: TransferMessage): Promise<Promised> => {
    const verdict = await judgeCovered(message)
    requireClear(verdict)
    const { key, digest, request } = message
    if (verdict.kind === 'ready') {
      requireValidity(request)
      const { stored, answer } = relay.submit({ ...message, fee: verdict.fee, gas: verdict.gas, attempts: 0 })
      await stored
      return { answer }
    }
    const answer =
      verdict.kind === 'done'
        ? successAnswer({ fee: verdict.fee, transactionId: request.transactionId, hash: verdict.hash })
        : failureAnswer(verdict.error)
    await store.write([put(messages, key, { digest, answer })])
    return { answer: Promise.resolve(answer) }
  }

  /**
   * Messages of one holder go out together only as far as its balance covers them all: a simulation does not see what is
   * on its way, and what reverts in a block is paid for by the issuer.
   */
  const judgeCovered = async (message: TransferMessage): Promise<Verdict> => {
    const { currency, from, amount } = message.request
    for (;;) {
      const others = relay.ofHolder(message.holder)
      const verdict = await judge(message.request)
      if (verdict.kind !== 'ready' || others.length === 0) return verdict
      const owed = others.reduce((sum, { job }) => sum + job.request.amount + job.fee, 0n)
      const balance = await guarded(erc20Abi, () =>
        readContract(client, { address: currency, abi: erc20Abi, functionName: 'balanceOf', args: [from] }),
      )
      if (balance >= owed + amount + verdict.fee) return verdict
      await Promise.race(others.map(({ answer }) => answer.catch(() => {})))
    }
  }

  /** Answers a message once for all who sent it at the same time. */
  const share = (message: TransferMessage): Promise<Promised> => {
    const id = `${message.key}/${message.digest}/${message.request.signature}`
    const present = underWay.get(id)
    if (present !== undefined) return present
    const begun = begin(message)
    underWay.set(id, begun)
    const end = () => underWay.delete(id)
    begun.then(end, end)
    return begun
  }

  return {
    transfer: async (request, signal) => {
      const begun = performance.now()
      const message = transferMessage(request, await book.terms(request.currency))
      const left = () => Math.max(0, patience - (performance.now() - begun))
      const late = () => unavailable(new Error('The chain did not answer in time.'))
      const known = await within(findUnsigned(find, message), { milliseconds: left(), signal, late })
      const { answer } = known ?? (await within(share(message), { milliseconds: left(), signal, late }))
      return within(answer, { milliseconds: left(), signal, late: () => pendingError(request) })
    },
  }
}

/** An answer on its way, in an object so that waiting for the one is not waiting for the other. */
type Promised = { readonly answer: Promise<TransferAnswer> }

/** A message that is known as it is gets its answer, whoever sends it; about a conflict only its signer is told. */
async function findUnsigned(
  find: (message: TransferMessage) => Promise<Promised | undefined>,
  message: TransferMessage,
): Promise<Promised | undefined> {
  try {
    return await find(message)
  } catch (error) {
    if (error instanceof ScripError && error.code === 'MESSAGE_CONFLICT') return undefined
    throw error
  }
}

/** @throws `MESSAGE_EXPIRED` */
function requireValidity({ validBefore }: SignedTransfer): void {
  const now = BigInt(Math.floor(Date.now() / 1_000))
  if (validBefore >= now + BigInt(LEAST_VALIDITY)) return
  throw new ScripError('MESSAGE_EXPIRED', {
    detail: `The message must hold for at least ${LEAST_VALIDITY} more seconds: that long it may take into a block.`,
    values: { validBefore, now },
  })
}

/** A refusal that is not final may be somebody else's doing, and is not kept. @throws the refusal */
function requireClear(verdict: Verdict): void {
  if (verdict.kind === 'refused' && !verdict.isFinal) throw verdict.error
}

function conflict({ request: { from, messageCounter } }: TransferMessage): ScripError {
  return new ScripError('MESSAGE_CONFLICT', { values: { from, messageCounter } })
}

function pendingError({ from, messageCounter }: SignedTransfer): ScripError {
  return new ScripError('TRANSACTION_PENDING', {
    hint: 'Send the same message again: it is carried out once, and answered when it is in a block.',
    values: { from, messageCounter },
  })
}
