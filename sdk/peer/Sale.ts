import type { Hex } from 'viem'
import { KILOBYTE, kilobytes, type Rate, SECOND } from '../http/price.ts'
import type { Allowance } from './createAllowances.ts'
import type { Share } from './createShares.ts'

/** How an answer came to its end: whole, cut short at this end, or cut short because its payer left or paid no further. */
export type Outcome = 'complete' | 'failed' | 'left'

/** An answer that is paid for as it goes out: bytes go out where `allow` says so, and where it does not, after `wait`. */
export type Sale = {
  /** What the head of the answer says of it. */
  readonly headers: { readonly [name: string]: string }
  /** Says that the head goes out, and whether bytes will follow it on the wire. */
  begin(status: number, hasBody: boolean): void
  /** How many of so many more bytes are paid for, and may go out now. They count as sent. */
  allow(bytes: number): number
  /**
   * Waits until some of so many more bytes are paid for.
   * @throws where nothing more will come, or the answer is over
   */
  wait(bytes: number): Promise<void>
  /** Calls back where the answer must be cut off although nothing waits: its payer stopped to pay for its time. */
  onCut(work: () => void): void
  /** Ends it: what it holds and did not use is credit again, and so is a call that failed. */
  end(outcome: Outcome): void
}

/** What an answer is counted by, for its receipt. */
export type Tally = {
  readonly channelId: Hex
  readonly answer: string
  readonly resource: string
  status: number
  bytes: number
  charged: bigint
  /** Unix seconds at which it was over; 0 where it is not. */
  endedAt: number
}

/** What `createSale` takes. */
export type SaleParameters = {
  rate: Rate
  share: Share
  allowance: Allowance
  tally: Tally
  headers: Sale['headers']
  /** Milliseconds that the answer waits for its payer before it is cut off. */
  patience: number
}

/** An answer that is paid for from a share. Only successes cost: a status of 300 or more, or by the kilobyte no body, is free. */
export function createSale({ rate, share, allowance, tally, headers, patience }: SaleParameters): Sale {
  const { unit, amount } = rate
  let isFree = true
  let isOver = false
  let pieces = 0
  /** When the time that is paid for is up. */
  let paidUntil = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let cut: (() => void) | undefined
  let ending: AbortController | undefined
  const waiting: { resolve: () => void; reject: (reason: unknown) => void }[] = []

  const spend = (count: number): number => {
    const spent = share.spend(amount, count, allowance)
    if (spent > 0) note(spent)
    return spent
  }
  const note = (count: number) => {
    pieces += count
    tally.charged += BigInt(count) * amount
  }

  const take = async (count: number): Promise<void> => {
    ending ??= new AbortController()
    if (isOver) throw overError()
    const signal = AbortSignal.any([ending.signal, AbortSignal.timeout(patience)])
    const taken = await share.take(amount, count, allowance, signal)
    // The payer was told the bound and hangs up there; cutting it off first could lose what is still on the way.
    if (taken === 0) await aborted(signal)
    note(taken)
  }

  /** Pays for the next second when the last one is up, whether anything goes out or not. */
  const keepTime = () => {
    timer = setTimeout(() => {
      if (spend(1) > 0) return addSecond()
      take(1).then(addSecond, (reason: unknown) => {
        for (const { reject } of waiting.splice(0)) reject(reason)
        if (!isOver) cut?.()
      })
    }, paidUntil - Date.now())
  }
  const addSecond = () => {
    if (isOver) return
    // While it waited for its payer nothing was served.
    paidUntil = Math.max(paidUntil, Date.now()) + SECOND
    for (const { resolve } of waiting.splice(0)) resolve()
    keepTime()
  }

  const end = (outcome: Outcome) => {
    if (isOver) return
    isOver = true
    // Lets go of the response: what outlives the answer must not keep it.
    cut = undefined
    if (timer !== undefined) clearTimeout(timer)
    ending?.abort(overError())
    if (waiting.length > 0) for (const { reject } of waiting.splice(0)) reject(overError())
    if (unit === 'call' && outcome === 'failed' && pieces > 0) {
      pieces = 0
      tally.charged = 0n
      share.refund(amount)
      allowance.giveBack(1)
    }
    tally.endedAt = Math.floor(Date.now() / 1000)
    share.close()
    allowance.close()
  }

  return {
    headers,
    end,

    begin: (status, hasBody) => {
      tally.status = status
      isFree = status >= 300 || (unit === 'kilobyte' && !hasBody)
      if (isFree || unit === 'kilobyte' || isOver) return
      // What it began with is enough for one.
      spend(1)
      if (unit === 'call') return
      paidUntil = Date.now() + SECOND
      keepTime()
    },

    allow: (bytes) => {
      let allowed = isOver ? 0 : bytes
      if (!isFree && unit === 'kilobyte') {
        const wanted = kilobytes(tally.bytes + allowed) - pieces
        if (wanted > 0) spend(wanted)
        allowed = Math.min(allowed, pieces * KILOBYTE - tally.bytes)
      } else if (!isFree && unit === 'second' && Date.now() >= paidUntil) allowed = 0
      tally.bytes += allowed
      return allowed
    },

    wait: async (bytes) => {
      if (isOver) throw overError()
      if (unit === 'kilobyte') {
        const wanted = kilobytes(tally.bytes + bytes) - pieces
        if (!isFree && wanted > 0) await take(wanted)
      } else if (!isFree && unit === 'second' && Date.now() >= paidUntil) {
        await new Promise<void>((resolve, reject) => waiting.push({ resolve, reject }))
      }
    },

    onCut: (work) => {
      cut = work
    },
  }
}

function overError(): Error {
  return new Error('The answer is over.')
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
  })
}
