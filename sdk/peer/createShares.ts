import type { Hex } from 'viem'
import type { Payee } from '../channels/Payee.ts'
import type { Allowance } from './createAllowances.ts'

/** What one answer may spend. Amounts in base units. */
export type Share = {
  readonly id: string
  /** What was held for it when it began. */
  readonly granted: bigint
  /** Adds what was held for it since. */
  add(amount: bigint): void
  /** Pays for up to `most` pieces of `price` from what is held, at once. @returns How many */
  spend(price: bigint, most: number, allowance: Allowance): number
  /** Takes back what was paid for pieces that were not served after all. */
  refund(amount: bigint): void
  /**
   * Pays for one to `most` pieces of `price`, waiting for a payment where there is nothing to take them from.
   * @returns How many; 0 where the payer's allowance is used up.
   * @throws The signal's reason when it aborts; once the share is closed.
   */
  take(price: bigint, most: number, allowance: Allowance, signal: AbortSignal): Promise<number>
  /** Gives back what it did not use. */
  close(): void
}

/** What answers under way hold of their channels' credit. */
export type Shares = {
  /** A share for a new answer with this name, for which `held` base units were charged. */
  open(channelId: Hex, held: bigint, id: string): Share
  /** The share of an answer under way. */
  find(channelId: Hex, id: string): Share | undefined
  /** Says that a channel may have credit that no answer holds: whichever answer needs it first takes it. */
  credited(channelId: Hex): void
  /** Base units that the channel's answers hold: charged, and not served yet. */
  held(channelId: Hex): bigint
}

type Line = { readonly holdings: Map<string, Holding>; readonly waiting: Set<() => void>; version: number }

type Holding = { held: bigint; readonly share: Share }

const known = new WeakMap<Payee, Shares>()

/** The shares of everything that a payee is paid for, behind however many paywalls. */
export function sharesOf(payee: Payee): Shares {
  const shares = known.get(payee) ?? createShares(payee)
  known.set(payee, shares)
  return shares
}

/**
 * Divides credit: each answer spends what was paid for it. Without that, an answer that nobody reads would take the credit
 * that was paid for another one, and both would wait for ever. What is held is charged already, so a crash costs the payer
 * what its answers held, and never serves it twice.
 */
function createShares(payee: Payee): Shares {
  const lines = new Map<Hex, Line>()

  const wake = (line: Line) => {
    line.version++
    for (const resume of line.waiting) resume()
  }

  // A payment for an answer of this process may come to another one, which cannot know the answer.
  payee.watch((channelId) => {
    for (const [id, line] of lines) if (channelId === undefined || channelId === id) wake(line)
  })

  const open = (channelId: Hex, granted: bigint, id: string): Share => {
    const line = lines.get(channelId) ?? { holdings: new Map(), waiting: new Set(), version: 0 }
    lines.set(channelId, line)

    /** Gives back what an answer that is over holds. */
    const giveBack = (amount: bigint) => {
      // Its write is not awaited: where it is lost, the payer loses what the answer held and nobody more.
      if (amount > 0n) payee.giveBack(channelId, amount).catch(() => {})
      wake(line)
    }

    const share: Share = {
      id,
      granted,

      add: (amount) => {
        if (!line.holdings.has(share.id)) return giveBack(amount)
        holding.held += amount
        wake(line)
      },

      spend: (price, most, allowance) => {
        const affordable = smaller(holding.held / price, BigInt(most))
        if (affordable === 0n || !line.holdings.has(share.id)) return 0
        const count = allowance.take(Number(affordable))
        holding.held -= BigInt(count) * price
        return count
      },

      refund: (amount) => {
        holding.held += amount
      },

      take: async (price, most, allowance, signal) => {
        for (;;) {
          const { version } = line
          if (!line.holdings.has(share.id)) throw new Error('The answer is over.')
          if (holding.held < price) {
            const count = await payee.charge(channelId, price, most)
            if (count > 0) share.add(BigInt(count) * price)
          }
          const affordable = Number(smaller(holding.held / price, BigInt(most)))
          if (affordable > 0) {
            const count = allowance.take(affordable)
            holding.held -= BigInt(count) * price
            return count
          }
          await change(line, version, signal)
        }
      },

      close: () => {
        if (!line.holdings.delete(share.id)) return
        if (line.holdings.size === 0) lines.delete(channelId)
        giveBack(holding.held)
        holding.held = 0n
      },
    }
    const holding: Holding = { held: granted, share }
    line.holdings.set(share.id, holding)
    return share
  }

  return {
    open,
    find: (channelId, id) => lines.get(channelId)?.holdings.get(id)?.share,
    credited: (channelId) => {
      const line = lines.get(channelId)
      if (line !== undefined) wake(line)
    },
    held: (channelId) => {
      let sum = 0n
      for (const { held } of lines.get(channelId)?.holdings.values() ?? []) sum += held
      return sum
    },
  }
}

/** Resolves when something happened on the line since it had that version. */
function change(line: Line, version: number, signal: AbortSignal): Promise<void> {
  if (line.version !== version) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const stop = () => {
      line.waiting.delete(resume)
      signal.removeEventListener('abort', abort)
    }
    const resume = () => {
      stop()
      resolve()
    }
    const abort = () => {
      stop()
      reject(signal.reason)
    }
    line.waiting.add(resume)
    signal.addEventListener('abort', abort)
    if (signal.aborted) abort()
  })
}

function smaller(one: bigint, other: bigint): bigint {
  return one < other ? one : other
}
