import type { Hex, LocalAccount } from 'viem'
import { getBlock, getTransactionCount, sendRawTransaction } from 'viem/actions'
import { chainError } from '../chain/chainError.ts'
import { pause } from '../chain/pause.ts'
import { isTaken, receiptOf } from '../chain/rawTransaction.ts'
import type { ScripClient } from '../chain/transact.ts'
import { ScripError } from '../errors/ScripError.ts'
import type { Store } from '../store/Store.ts'
import { failureAnswer, messages, successAnswer } from './answers.ts'
import { type Judge, unavailable } from './createJudge.ts'
import { type BlockMark, type Job, newRelay, type Pending, type Relay, relayBook, type Work } from './relayBook.ts'
import { relaySigner } from './relaySigner.ts'

/** Carries messages out. */
export type RelayService = {
  /** Takes up what the store knows, and goes on until it is closed. */
  start(): Promise<void>
  submit(job: Job): Pending
  /** The message in work under a key. */
  find(key: string): Pending | undefined
  /** The messages in work of one holder. */
  ofHolder(holder: string): Pending[]
  /** How many transactions are not settled. */
  open(): number
  close(): Promise<void>
}

/** What `createRelay` takes. */
export type RelayParameters = {
  client: ScripClient
  account: LocalAccount
  chainId: number
  store: Store
  judge: Judge
  /** Blocks that carry a payment before it is answered, its own included. */
  confirmations: number
  /** Milliseconds until a transaction that is not mined is sent again at a higher price. */
  bumpAfter: number
  /** What a unit of gas may cost at most, in wei. */
  maxFeePerGas: bigint | undefined
  /** Told of what an operator should know. */
  onTrouble: (error: ScripError) => void
}

/** Transactions of one account that nodes keep waiting. */
const MOST_OPEN = 64

/** How deep a reorg may be: for so long a mined transaction is kept, to be sent again. */
const REORG_DEPTH = 64n

/** Prices at which one transaction is tried. */
const MOST_VERSIONS = 12

/** Times that a message is sent that reverts in blocks and does not in simulations. */
const MOST_ATTEMPTS = 3

/**
 * Brings messages to the chain, each in a transaction of its own, with the nonces of one account in a row. A transaction
 * is in the store before it is sent, and an answer before it is given. What a crash, a node or a reorg loses is sent again;
 * the contract carries a message out once, however often it is sent.
 */
export function createRelay(parameters: RelayParameters): RelayService {
  const { client, account, chainId, store, judge, confirmations, bumpAfter, maxFeePerGas, onTrouble } = parameters
  const { address } = account
  const book = relayBook(store, address)
  const signer = relaySigner(client, account, chainId, maxFeePerGas)
  const closing = new AbortController()
  let queue: { work: Work; job: Job; replaced?: Relay }[] = []
  let isSigning = false
  let signing: Promise<void> | undefined
  let sending = Promise.resolve()
  let running: Promise<void> | undefined

  const report = (error: unknown) => {
    const known = chainError(error)
    onTrouble(known instanceof ScripError ? known : new ScripError('INTERNAL', { detail: String(error), cause: error }))
  }

  /** Signs what waits, in batches that share a write, as long as nodes would keep it. */
  const sign = () => {
    if (isSigning) return
    isSigning = true
    signing = signWaiting()
  }

  const signWaiting = async () => {
    try {
      while (!closing.signal.aborted) {
        const open = book.open().filter(({ isRepeated }) => !isRepeated).length
        const batch = queue.slice(0, Math.max(0, MOST_OPEN - open))
        if (batch.length === 0) return
        queue = queue.slice(batch.length)
        await signBatch(batch).catch((error: unknown) => {
          report(error)
          for (const { work, replaced } of batch) {
            // One that was stored before stays so, and its turn comes again.
            if (replaced === undefined) book.drop(work, unavailable(error))
            else replaced.isRepeated = false
          }
        })
      }
    } finally {
      isSigning = false
    }
  }

  const signBatch = async (batch: typeof queue) => {
    const [fees, pending] = await Promise.all([signer.fees(), nonceAt('pending')])
    // The account may be used elsewhere, too.
    const first = Math.max(book.nextNonce(), pending)
    const relays: Relay[] = []
    for (const [index, { work, job }] of batch.entries()) {
      const nonce = first + index
      relays.push(newRelay({ nonce, job, versions: [await signer.sign(nonce, job, fees)] }, work))
    }
    await book.add(
      relays,
      batch.flatMap(({ replaced }) => replaced ?? []),
    )
    relays.forEach(send)
  }

  /** Sends the newest version, one transaction after another: some nodes take them only in the order of their nonces. */
  const send = (relay: Relay) => {
    // From now on: a look that comes while it is on its way must not send it a second time.
    relay.isSent = true
    sending = sending.then(async () => {
      const serializedTransaction = relay.record.versions.at(-1)?.raw
      if (serializedTransaction === undefined || closing.signal.aborted) return
      try {
        await sendRawTransaction(client, { serializedTransaction })
      } catch (error) {
        relay.isSent = isTaken(error)
        if (!relay.isSent) report(error)
      }
    })
  }

  /** Looks at everything that is open. */
  const look = async () => {
    const [head, mined] = await Promise.all([getBlock(client), nonceAt('latest')])
    await followReorg()
    const relays = book.open()
    await Promise.all(relays.filter(({ record }) => record.nonce < mined).map((relay) => lookAt(relay, head.number)))
    for (const relay of relays) if (relay.record.nonce >= mined) await push(relay)
    await fillGap(relays)
    await book.forget(head.number - REORG_DEPTH)
    sign()
  }

  /** Where the newest block with one of ours is not on the chain any more, all of ours are looked at again. */
  const followReorg = async () => {
    const newest = book.newestBlock()
    if (newest !== undefined && (await hashAt(client, newest.number)) !== newest.hash) book.reopen()
  }

  /** Settles a transaction whose nonce is used. */
  const lookAt = async (relay: Relay, head: bigint) => {
    const { job, versions } = relay.record
    if (relay.isRepeated) return
    const receipts = await Promise.all(versions.map(({ hash }) => receiptOf(client, hash)))
    const receipt = receipts.find((found) => found !== undefined)
    if (receipt === undefined) return displaced(relay, head)
    if (receipt.blockNumber + BigInt(confirmations) > head + 1n) {
      // Should a reorg take it away, the same transaction is sent again.
      Object.assign(relay, { isSent: false, since: Date.now() })
      return
    }
    const block = { number: receipt.blockNumber, hash: receipt.blockHash }
    if (job === undefined) return book.settle(relay, block)
    if (receipt.status === 'success') return succeed(relay, job, block, receipt.transactionHash)
    if (job.attempts + 1 < MOST_ATTEMPTS) return reconsider(relay, { ...job, attempts: job.attempts + 1 }, block)
    const error = new ScripError('TRANSACTION_REVERTED', {
      detail: `A block refused the message ${MOST_ATTEMPTS} times, and no simulation says why.`,
      hint: 'Sign a message with another counter.',
      values: { hash: receipt.transactionHash },
    })
    return refuse(relay, job, block, error, true)
  }

  /** Another transaction of the account took the nonce, unless the node only lags behind. */
  const displaced = async (relay: Relay, head: bigint) => {
    if (Date.now() - relay.since < bumpAfter) return
    const hash = await hashAt(client, head)
    if (hash === undefined) return
    const { job } = relay.record
    const block = { number: head, hash }
    if (job === undefined) return book.settle(relay, block)
    return reconsider(relay, job, block)
  }

  /** Asks the chain again about a message whose transaction did not do it. */
  const reconsider = async (relay: Relay, job: Job, block: BlockMark) => {
    const verdict = await judge(job.request)
    if (verdict.kind === 'done') return succeed(relay, job, block, verdict.hash)
    if (verdict.kind === 'refused') return refuse(relay, job, block, verdict.error, verdict.isFinal)
    relay.isRepeated = true
    queue.unshift({ work: relay.work ?? book.begin(job), job: { ...job, gas: verdict.gas }, replaced: relay })
  }

  const succeed = (relay: Relay, { fee, request: { transactionId } }: Job, block: BlockMark, hash: Hex) =>
    book.settle(relay, block, successAnswer({ fee, transactionId, hash }))

  const refuse = async (relay: Relay, job: Job, block: BlockMark, error: ScripError, isFinal: boolean) => {
    const before = await store.get(messages, job.key)
    if (before?.answer?.status === 200) report(takenBack(job, error))
    if (isFinal) await book.settle(relay, block, failureAnswer(error))
    else await book.discard(relay, block, error)
  }

  /** Sends a transaction that no node took, and one that is not mined in time at a higher price. */
  const push = async (relay: Relay) => {
    const { nonce, job, versions } = relay.record
    const last = versions.at(-1)
    const isLate = Date.now() - relay.since >= bumpAfter
    if (isLate && last !== undefined) {
      const fees = versions.length < MOST_VERSIONS ? await signer.higherFees(last) : undefined
      if (fees !== undefined) await book.addVersion(relay, await signer.sign(nonce, job, fees))
      Object.assign(relay, { isSent: false, since: Date.now() })
    }
    if (!relay.isSent) send(relay)
  }

  /** Where a transaction that was sent elsewhere got lost, ours behind it would wait for ever: its nonce is used up. */
  const fillGap = async ([lowest]: readonly Relay[]) => {
    if (lowest === undefined || Date.now() - lowest.since < bumpAfter / 2) return
    const pending = await nonceAt('pending')
    if (pending >= lowest.record.nonce) return
    const fees = await signer.fees()
    const relay = newRelay({ nonce: pending, versions: [await signer.sign(pending, undefined, fees)] })
    await book.add([relay], [])
    send(relay)
  }

  const nonceAt = (blockTag: 'latest' | 'pending') => getTransactionCount(client, { address, blockTag })

  const run = async () => {
    while (!closing.signal.aborted) {
      if (!book.isEmpty()) await look().catch(report)
      await pause(client.pollingInterval, closing.signal)
    }
  }

  return {
    async start() {
      await book.load()
      running = run()
    },
    submit(job) {
      const work = book.begin(job)
      queue.push({ work, job })
      sign()
      return work
    },
    find: book.find,
    ofHolder: book.ofHolder,
    open: () => book.open().length,
    async close() {
      closing.abort()
      await running
      await signing
      await sending
    },
  }
}

/** The hash of the block at a height; nothing where the chain is shorter. */
async function hashAt(client: ScripClient, number: bigint): Promise<Hex | undefined> {
  const block = await client.request({ method: 'eth_getBlockByNumber', params: [`0x${number.toString(16)}`, false] })
  return block?.hash ?? undefined
}

/** What an operator hears when a payment that was answered as made cannot be made any more. */
function takenBack({ key }: Job, cause: ScripError): ScripError {
  return new ScripError(cause.code, {
    detail: `A reorg took back a payment that was answered as made, and it cannot be made again: ${cause.message}`,
    hint: 'Wait for more confirmations before payments are answered.',
    values: { ...cause.values, message: key },
    cause,
  })
}
