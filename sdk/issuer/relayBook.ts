import type { Hex } from 'viem'
import type { Fees } from '../chain/gasOffers.ts'
import type { ScripError } from '../errors/ScripError.ts'
import { type Change, put, type Store, type Table } from '../store/Store.ts'
import { messages, type TransferAnswer } from './answers.ts'
import type { TransferMessage } from './transferMessage.ts'

/** A message that is to be carried out. */
export type Job = TransferMessage & {
  /** Base units. */
  readonly fee: bigint
  readonly gas: bigint
  /** How often it was mined in vain. */
  readonly attempts: number
}

/** A job in work, for those who wait for it. */
export type Pending = {
  readonly job: Job
  /** Resolves when the job would survive a crash. @throws what kept it from being stored */
  readonly stored: Promise<void>
  /** The answer, once it would survive a crash. @throws where the message is refused without a trace, or was not stored */
  readonly answer: Promise<TransferAnswer>
}

/** The other side of a pending job. */
export type Work = Pending & {
  readonly settleStored: PromiseWithResolvers<void>
  readonly settleAnswer: PromiseWithResolvers<TransferAnswer>
}

/** One transaction at its price. Several share a nonce, and one of them is mined. */
export type Version = Fees & { readonly raw: Hex; readonly hash: Hex }

/** A block, as it was seen. */
export type BlockMark = { readonly number: bigint; readonly hash: Hex }

/** What the store keeps of a nonce. */
type RelayRecord = {
  readonly nonce: number
  /** Nothing where the transaction only takes the nonce. */
  readonly job?: Job
  /** The newest last. */
  readonly versions: readonly Version[]
  /** Where it was mined, as last seen. */
  readonly block?: BlockMark
}

/** A nonce of the account, and how its transaction fares. */
export type Relay = {
  record: RelayRecord
  work: Work | undefined
  /** Whether a node took the newest version. */
  isSent: boolean
  /** When it got its price, or was last seen in a block. */
  since: number
  /** Whether the job waits for another nonce. */
  isRepeated: boolean
}

/** The gateway's transactions, each in the store before anybody sees it. */
export type RelayBook = {
  load(): Promise<void>
  /** The nonce after the last one used. */
  nextNonce(): number
  /** Those that are not settled, in the order of their nonces. */
  open(): Relay[]
  /** The newest block with a settled one. */
  newestBlock(): BlockMark | undefined
  isEmpty(): boolean

  /** Takes up a job, in memory for now. */
  begin(job: Job): Work
  find(key: string): Pending | undefined
  ofHolder(holder: string): Pending[]
  /** Gives a job up that was not stored, or that is refused without a trace. */
  drop(work: Work, error: unknown): void

  /** Stores jobs with their transactions. `replaced` are those whose job got another nonce. */
  add(relays: readonly Relay[], replaced: readonly Relay[]): Promise<void>
  addVersion(relay: Relay, version: Version): Promise<void>
  /** Stores the answer to a relay's job; there is none where it has no job. */
  settle(relay: Relay, block: BlockMark, answer?: TransferAnswer): Promise<void>
  /** Stores that a relay is over and its message as if it had never come. */
  discard(relay: Relay, block: BlockMark, error: ScripError): Promise<void>
  /** Everything is open again: a reorg took blocks away. */
  reopen(): void
  /** Forgets what was settled in that block or before. */
  forget(block: bigint): Promise<void>
}

/** A relay that nobody has sent yet. */
export function newRelay(record: RelayRecord, work?: Work): Relay {
  return { record, work, isSent: false, since: Date.now(), isRepeated: false }
}

/** The book of one account's transactions. */
export function relayBook(store: Store, account: string): RelayBook {
  const table: Table<RelayRecord> = `gateway-relays/${account.toLowerCase()}`
  const relays = new Map<number, Relay>()
  const inWork = new Map<string, Work>()
  let nextNonce = 0

  const keep = (record: RelayRecord): Change => put(table, keyOf(record.nonce), record)
  const remove = ({ record }: Relay): Change => ({ table, key: keyOf(record.nonce), remove: true })
  const settled = () => [...relays.values()].filter(({ record }) => record.block !== undefined)

  const begin = (job: Job): Work => {
    const settleStored = Promise.withResolvers<void>()
    const settleAnswer = Promise.withResolvers<TransferAnswer>()
    // Where nobody waits, a failure is told to whoever asks next.
    settleStored.promise.catch(() => {})
    settleAnswer.promise.catch(() => {})
    const work = { job, stored: settleStored.promise, answer: settleAnswer.promise, settleStored, settleAnswer }
    inWork.set(job.key, work)
    return work
  }

  const drop = ({ job, settleStored, settleAnswer }: Work, error: unknown): void => {
    inWork.delete(job.key)
    settleStored.reject(error)
    settleAnswer.reject(error)
  }

  return {
    async load() {
      for (const record of await store.all(table)) {
        const { nonce, job, block } = record
        const work = job === undefined || block !== undefined ? undefined : begin(job)
        work?.settleStored.resolve()
        relays.set(nonce, newRelay(record, work))
        nextNonce = Math.max(nextNonce, nonce + 1)
      }
    },
    nextNonce: () => nextNonce,
    open: () =>
      [...relays.values()]
        .filter(({ record }) => record.block === undefined)
        .sort((a, b) => a.record.nonce - b.record.nonce),
    newestBlock: () =>
      settled()
        .flatMap(({ record: { block } }) => block ?? [])
        .reduce<BlockMark | undefined>(
          (last, block) => (last && last.number >= block.number ? last : block),
          undefined,
        ),
    isEmpty: () => relays.size === 0,

    begin,
    find: (key) => inWork.get(key),
    ofHolder: (holder) => [...inWork.values()].filter(({ job }) => job.holder === holder),
    drop,

    async add(added, replaced) {
      const known = new Set(replaced.map(({ record }) => record.job?.key))
      await store.write([
        ...replaced.map(remove),
        ...added.map(({ record }) => keep(record)),
        ...added.flatMap(({ record: { job } }) =>
          job === undefined || known.has(job.key) ? [] : put(messages, job.key, { digest: job.digest }),
        ),
      ])
      for (const { record } of replaced) relays.delete(record.nonce)
      for (const relay of added) {
        relays.set(relay.record.nonce, relay)
        nextNonce = Math.max(nextNonce, relay.record.nonce + 1)
        relay.work?.settleStored.resolve()
      }
    },
    async addVersion(relay, version) {
      const record = { ...relay.record, versions: [...relay.record.versions, version] }
      await store.write([keep(record)])
      relay.record = record
    },
    async settle(relay, block, answer) {
      const { job } = relay.record
      const record = { ...relay.record, block }
      const answered = job && answer && put(messages, job.key, { digest: job.digest, answer })
      await store.write([keep(record), ...(answered ? [answered] : [])])
      relay.record = record
      if (relay.work === undefined || answer === undefined) return
      inWork.delete(relay.work.job.key)
      relay.work.settleAnswer.resolve(answer)
      relay.work = undefined
    },
    async discard(relay, block, error) {
      const { job, ...rest } = relay.record
      const record = { ...rest, block }
      await store.write([keep(record), ...(job ? [{ table: messages, key: job.key, remove: true as const }] : [])])
      relay.record = record
      if (relay.work !== undefined) drop(relay.work, error)
      relay.work = undefined
    },
    reopen() {
      for (const relay of settled()) {
        const { block: _, ...record } = relay.record
        relays.set(record.nonce, newRelay(record))
      }
    },
    async forget(block) {
      const old = settled().filter(({ record }) => record.block !== undefined && record.block.number <= block)
      if (old.length === 0) return
      await store.write(old.map(remove))
      for (const { record } of old) relays.delete(record.nonce)
    },
  }
}

/** Keys in the order of their nonces. */
function keyOf(nonce: number): string {
  return String(nonce).padStart(15, '0')
}
