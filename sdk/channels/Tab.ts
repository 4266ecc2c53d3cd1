import type { Hex } from 'viem'
import { ScripError } from '../errors/ScripError.ts'
import { put, type Store, type Table } from '../store/Store.ts'
import type { Payee } from './Payee.ts'
import type { Payer } from './Payer.ts'
import { decodePayment } from './payment.ts'

/** What two peers served each other, as one of them counts it, in base units of its whole life. */
export type TabRecord = {
  /** What this peer served the other one, or is serving. */
  readonly served: bigint
  /** What the other one served it. */
  readonly consumed: bigint
}

/** The tabs of a store, by the ids of both channels. */
export const tabs: Table<TabRecord> = 'tabs'

/** What `createTab` takes. */
export type TabParameters = {
  /** Pays the other peer; made with `overtaking` where payments can be lost, so that each stands for itself. */
  payer: Payer
  /** Is paid by the other peer, on the channel with the id `incoming`; in the same currency. */
  payee: Payee
  incoming: Hex
  store: Store
  /** What either peer may owe the other, in base units: both should say the same. */
  limit: bigint
}

/** What two peers that serve each other owe, with payments only for what goes beyond a limit. Amounts in base units. */
export type Tab = {
  /**
   * What the other peer owes this one, by this one's own books; less than nothing where this one owes.
   * @throws `STORE_FAILED`, `UNKNOWN_CHANNEL` before the incoming channel was observed
   */
  balance(): Promise<bigint>
  /**
   * To be called before serving: puts it on the tab. Resolves when it would survive a power loss.
   * @throws `CREDIT_EXCEEDED` where the other peer would owe more than the limit (`values.missing` says how much must be
   * paid first), `STORE_FAILED`; nothing is on the tab then
   */
  serve(amount: bigint): Promise<void>
  /** Takes off the tab what was not served after all. @throws `INVALID_ARGUMENT` where less was on it, `STORE_FAILED` */
  giveBack(amount: bigint): Promise<void>
  /**
   * To be called before asking the other peer for something: puts it on the tab, and pays what this peer would owe beyond
   * the limit.
   * @returns The payment to send along; nothing where none is due.
   * @throws `INVALID_ARGUMENT` where the amount is more than the limit, `STORE_FAILED` and what `Payer.pay` throws; a
   * payment that was due and could not be made comes with the next one
   */
  consume(amount: bigint): Promise<Uint8Array | undefined>
  /** Takes off the tab what was asked for and did not come. @throws `INVALID_ARGUMENT` where less was on it, `STORE_FAILED` */
  forgo(amount: bigint): Promise<void>
  /** Takes a payment of the other peer. @throws What `Payee.accept` throws, `WRONG_CHANNEL` where it is for another channel */
  receive(payment: Uint8Array): Promise<void>
}

/**
 * Keeps a tab with a peer, over two channels in opposite directions that are used for nothing else. Peers that buy about as
 * much from each other as they sell sign next to nothing.
 *
 * Each side counts for itself, believes nobody, and acts only within the limit: whoever serves stops before more than the
 * limit is unpaid, whoever asks pays only what would go beyond it. So a peer that denies what it got, repeats what it paid,
 * loses its state or goes away takes at most the limit, in all its life. After a crash in between, what was asked for or
 * about to be served counts as done: `forgo` and `giveBack` put that right where the caller knows better.
 */
export function createTab({ payer, payee, incoming, store, limit }: TabParameters): Tab {
  if (limit < 0n) throw new ScripError('INVALID_ARGUMENT', { detail: 'A limit is not negative.', values: { limit } })
  const key = `${payer.channel.id}/${incoming}`
  let record: TabRecord | undefined
  let last: Promise<unknown> = Promise.resolve()

  /** One call at a time: each must see the state that the one before left. */
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const turn = last.then(work, work)
    last = turn.catch(() => {})
    return turn
  }

  const load = async (): Promise<TabRecord> => {
    record ??= (await store.get(tabs, key)) ?? { served: 0n, consumed: 0n }
    return record
  }

  const save = async (next: TabRecord): Promise<void> => {
    await store.write([put(tabs, key, next)])
    record = next
  }

  /** What was paid is in the books of the channels, which are safe by themselves: the tab keeps no second count. */
  const balanceOf = async ({ served, consumed }: TabRecord): Promise<bigint> => {
    const [paid, { accepted: received }] = await Promise.all([payer.paid(), payee.standing(incoming)])
    return served + paid - consumed - received
  }

  const positive = (amount: bigint) => {
    if (amount <= 0n) throw new ScripError('INVALID_ARGUMENT', { detail: 'An amount is positive.', values: { amount } })
  }

  /** Takes an amount off one side of the tab. */
  const lower = (side: 'served' | 'consumed', amount: bigint) =>
    inTurn(async () => {
      positive(amount)
      const present = await load()
      if (amount > present[side]) {
        throw new ScripError('INVALID_ARGUMENT', {
          detail: `${amount} cannot be taken off the ${present[side]} that are on the tab.`,
          values: { amount, [side]: present[side] },
        })
      }
      await save({ ...present, [side]: present[side] - amount })
    })

  return {
    balance: () => inTurn(async () => balanceOf(await load())),

    serve: (amount) =>
      inTurn(async () => {
        positive(amount)
        const present = await load()
        const owed = (await balanceOf(present)) + amount
        if (owed > limit) {
          throw new ScripError('CREDIT_EXCEEDED', {
            detail: `The peer would owe ${owed}; the limit is ${limit}.`,
            values: { owed, limit, missing: owed - limit },
          })
        }
        await save({ ...present, served: present.served + amount })
      }),

    giveBack: (amount) => lower('served', amount),

    consume: (amount) =>
      inTurn(async () => {
        positive(amount)
        // What is paid before it is served is at risk: less than the limit only where the amount is.
        if (amount > limit) {
          throw new ScripError('INVALID_ARGUMENT', {
            detail: `${amount} is more than the limit of ${limit}: ask for less at a time.`,
            values: { amount, limit },
          })
        }
        const present = await load()
        const next = { ...present, consumed: present.consumed + amount }
        // On the disk before it is paid for: a crash in between leaves a debt that the next call pays, not a second payment.
        await save(next)
        const due = -(await balanceOf(next)) - limit
        return due > 0n ? payer.pay(due) : undefined
      }),

    forgo: (amount) => lower('consumed', amount),

    receive: (payment) =>
      inTurn(async () => {
        const { channelId } = decodePayment(payment)
        if (channelId !== incoming) throw new ScripError('WRONG_CHANNEL', { values: { channelId, incoming } })
        await payee.accept(payment)
      }),
  }
}
