import type { Address } from 'viem'
import { ScripError } from '../errors/ScripError.ts'
import { put, type Store, type Table } from '../store/Store.ts'

/** What may be spent, in base units of each currency. */
export type Limits = {
  /** On one request. */
  readonly perRequest: bigint
  /** In one day, counted in UTC and kept in the store; no limit where nothing is said. */
  readonly perDay?: bigint
}

/** The spending on one request. */
export type Spending = {
  /** Base units that may still be spent on it. */
  left(): bigint
  /** Sets base units aside before they are paid. @throws `LIMIT_EXCEEDED`, and then nothing is set aside. */
  reserve(amount: bigint): Promise<void>
}

type SpendingRecord = { readonly spent: bigint }

const days: Table<SpendingRecord> = 'spending'

/** Keeps a payer's spending within its limits, also across restarts. */
export function createBudget(store: Store, limits: Limits): { open(currency: Address): Spending } {
  const known = new Map<string, bigint>()

  /** Adds to the day's spending in the store before anything is paid, so that a crash can only overstate it. */
  const reserveDay = async (currency: Address, amount: bigint): Promise<void> => {
    if (limits.perDay === undefined) return
    const key = `${new Date().toISOString().slice(0, 10)}/${currency}`
    if (!known.has(key)) {
      const spent = (await store.get(days, key))?.spent ?? 0n
      if (!known.has(key)) known.set(key, spent)
    }
    const spent = (known.get(key) ?? 0n) + amount
    if (spent > limits.perDay) throw exceeded('day', limits.perDay, spent)
    known.set(key, spent)
    await store.write([put(days, key, { spent })])
  }

  return {
    open: (currency) => {
      let spent = 0n
      return {
        left: () => limits.perRequest - spent,
        reserve: async (amount) => {
          if (spent + amount > limits.perRequest) throw exceeded('request', limits.perRequest, spent + amount)
          spent += amount
          await reserveDay(currency, amount)
        },
      }
    },
  }
}

function exceeded(span: 'request' | 'day', limit: bigint, wanted: bigint): ScripError {
  return new ScripError('LIMIT_EXCEEDED', {
    detail: `That would make ${wanted} base units in one ${span}; the limit is ${limit}.`,
    values: { span, limit, wanted },
  })
}
