import type { Address, Hex } from 'viem'
import type { Gate, GateBooks } from '../admission/createGate.ts'
import type { Channel } from '../channels/Channel.ts'
import type { Payee } from '../channels/Payee.ts'
import { ScripError } from '../errors/ScripError.ts'
import type { Observer } from './createObserver.ts'
import { sharesOf } from './createShares.ts'

/** What a payer's network lets it have of one answer, in pieces of the seller's price. */
export type Allowance = {
  /** Base units that the payer may have when the answer begins; absent where nothing bounds it. */
  readonly bound?: bigint
  /** Takes as many pieces as there are left, at most `most`. */
  take(most: number): number
  /** Gives back pieces that were taken and not served. */
  giveBack(count: number): void
  /** Ends it with the answer. */
  close(): void
}

/** What `createAllowances` takes. */
export type AllowancesParameters = {
  gate: Gate
  payee: Payee
  observer: Observer
  /** In lower case. */
  currency: Address
}

/** Asks the gate what the payer of a channel may have, in pieces of `price` base units. @throws What the gate throws */
export type Allowances = (channel: Channel, price: bigint) => Promise<Allowance>

/** The allowance where there is no gate. */
export const UNBOUNDED: Allowance = { take: (most) => most, giveBack: () => {}, close: () => {} }

/** What a payer takes through all of its channels, in base units since this seller started; `end` is where it must stop. */
type Use = { readonly channels: Map<Hex, Channel>; taken: bigint; end?: bigint }

/**
 * Allowances that all answers to a payer share: who asks several times at once, or opens several channels, gets no more
 * than who does not.
 */
export function createAllowances({ gate, payee, observer, currency }: AllowancesParameters): Allowances {
  const uses = new Map<Address, Use>()
  const shares = sharesOf(payee)
  let remembered: Promise<void> | undefined

  const add = (channel: Channel): Use => {
    const use = uses.get(channel.payer) ?? { channels: new Map(), taken: 0n }
    uses.set(channel.payer, use)
    if (channel.token === currency) use.channels.set(channel.id, channel)
    return use
  }

  /** Brings in the channels of earlier starts. */
  const remember = (): Promise<void> => {
    remembered ??= payee.claimable().then(
      (claims) => {
        for (const { channel } of claims) add(channel)
      },
      (error: unknown) => {
        remembered = undefined
        throw error
      },
    )
    return remembered
  }

  /** What of a channel is settled, and what was served and is not; negative where more was settled than served. */
  const booksOf = async (id: Hex): Promise<{ settled: bigint; unsettled: bigint }> => {
    const { accepted, unclaimed, charged } = await payee.standing(id)
    const settled = accepted - unclaimed
    return { settled, unsettled: charged - shares.held(id) - settled }
  }

  /** Looks at the channels of which the chain may have settled more than was seen: now, or as often as payments have it done. */
  const look = async (use: Use, present: Channel, isNow: boolean): Promise<void> => {
    for (const channel of use.channels.values()) {
      if (channel.id !== present.id && (await booksOf(channel.id)).unsettled <= 0n) continue
      await (isNow ? observer.observe(channel) : observer.keepUp(channel))
    }
  }

  /** Asks the gate; sets where the payer must stop. */
  const ask = async (use: Use, channel: Channel, price: bigint): Promise<void> => {
    let { taken } = use
    const total = async (): Promise<GateBooks> => {
      const books = await Promise.all([...use.channels.keys()].map(booksOf))
      taken = use.taken
      return {
        unsettled: books.reduce((sum, { unsettled }) => sum + unsettled, 0n),
        settled: books.map(({ settled }) => settled),
      }
    }
    const bound = await gate.check({
      ...(await total()),
      peer: channel.payer,
      provider: payee.address,
      currency,
      wanted: price,
      look: async () => {
        await look(use, channel, true)
        return total()
      },
    })
    if (bound === undefined) delete use.end
    else use.end = taken + bound
  }

  const take = (use: Use, price: bigint, most: number): number => {
    const left = use.end === undefined ? most : Number((use.end - use.taken) / price)
    const count = Math.max(0, Math.min(left, most))
    use.taken += BigInt(count) * price
    return count
  }

  return async (channel, price) => {
    await remember()
    const use = add(channel)
    await look(use, channel, false)
    await ask(use, channel, price)

    // The first piece is taken now: whom other answers overtook meanwhile is told so, not cut off.
    let held = take(use, price, 1)
    if (held === 0) throw new ScripError('ADMISSION_REFUSED', { values: { peer: channel.payer } })
    return {
      ...(use.end !== undefined && { bound: use.end - use.taken + price }),
      take: (most) => {
        const first = held
        held = 0
        return first + take(use, price, most - first)
      },
      giveBack: (count) => {
        use.taken -= BigInt(count) * price
      },
      close: () => {
        use.taken -= BigInt(held) * price
        held = 0
      },
    }
  }
}
