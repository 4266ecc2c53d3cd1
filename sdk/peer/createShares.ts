import type { Hex } from 'viem'
import type { Acceptance, Payee } from '../channels/Payee.ts'
import type { Allowance } from './createAllowances.ts'

/** What one answer may take of its channel's credit. Amounts in base units. */
export type Share = {
  readonly id: string
  /** What was set aside for it when it began. */
  readonly granted: bigint
  /** Sets more aside for it. */
  add(amount: bigint): void
  /**
   * Pays for one to `most` pieces of `price`, waiting for a payment where there is nothing to take them from.
   * @returns How many; 0 where the payer's allowance is used up.
   * @throws The signal's reason when it aborts.
   */
  take(price: bigint, most: number, allowance: Allowance, signal: AbortSignal): Promise<number>
  /** Leaves what it did not use to other answers. */
  close(): void
}

/** Divides the credit of channels among the answers that are paid from them. */
export type Shares = {
  /**
   * A share for a new answer.
   * @param stated What its payer means for it; all that belongs to no other answer where it says nothing.
   */
  open(standing: Acceptance, stated: bigint | undefined): Share
  /** The share of an answer under way. */
  find(channelId: Hex, id: string): Share | undefined
  /** To be called after a payment was accepted: `free` of it is for whichever answer of the channel needs it first. */
  credited(channelId: Hex, free: bigint): void
}

type Claim = { due: bigint; readonly share: Share }

/** A channel with answers under way. */
type Line = { readonly claims: Map<string, Claim>; free: bigint; readonly waiting: Set<() => void>; version: number }

const known = new WeakMap<Payee, Shares>()

/** The shares of everything that a payee is paid for, behind however many paywalls. */
export function sharesOf(payee: Payee): Shares {
  const shares = known.get(payee) ?? createShares(payee)
  known.set(payee, shares)
  return shares
}

/**
 * Divides credit. Without that, an answer that nobody reads would take the credit that was paid for another one, and both
 * would wait for ever. Payments of one channel may arrive in any order, and a newer one includes the older: so what counts
 * is what the payer states each to be for, not what it adds.
 */
function createShares(payee: Payee): Shares {
  const lines = new Map<Hex, Line>()

  const wake = (line: Line) => {
    line.version++
    for (const resume of line.waiting) resume()
  }

  const lineOf = (channelId: Hex): Line => {
    const line = lines.get(channelId) ?? { claims: new Map(), free: 0n, waiting: new Set(), version: 0 }
    lines.set(channelId, line)
    return line
  }

  const open = ({ channel: { id: channelId }, credit }: Acceptance, stated: bigint | undefined): Share => {
    const line = lineOf(channelId)
    const granted = stated ?? positive(credit - claimed(line))
    if (stated === undefined) line.free = 0n

    const share: Share = {
      id: crypto.randomUUID(),
      granted,

      add: (amount) => {
        claim.due += amount
        wake(line)
      },

      take: async (price, most, allowance, signal) => {
        for (;;) {
          const { version } = line
          const { credit } = await payee.standing(channelId)
          const affordable = Number(smaller(smaller(claim.due + line.free, credit) / price, BigInt(most)))
          if (affordable === 0) {
            await change(line, version, signal)
            continue
          }
          const allowed = allowance.take(affordable)
          if (allowed === 0) return 0
          const count = await payee.charge(channelId, price, allowed)
          allowance.giveBack(allowed - count)
          const cost = BigInt(count) * price
          line.free = positive(line.free - positive(cost - claim.due))
          claim.due = positive(claim.due - cost)
          if (count > 0) return count
        }
      },

      close: () => {
        line.claims.delete(share.id)
        if (line.claims.size === 0) lines.delete(channelId)
      },
    }
    const claim: Claim = { due: granted, share }
    line.claims.set(share.id, claim)
    return share
  }

  return {
    open,
    find: (channelId, id) => lines.get(channelId)?.claims.get(id)?.share,
    credited: (channelId, free) => {
      const line = lines.get(channelId)
      if (line === undefined) return
      line.free += free
      wake(line)
    },
  }
}

function claimed({ claims }: Line): bigint {
  let sum = 0n
  for (const { due } of claims.values()) sum += due
  return sum
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

function positive(amount: bigint): bigint {
  return amount > 0n ? amount : 0n
}

function smaller(one: bigint, other: bigint): bigint {
  return one < other ? one : other
}
