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
  /** Base units of a currency that may still be spent on it. */
  left(currency: Address): Promise<bigint>
  /** Sets base units aside before they are paid. @throws `LIMIT_EXCEEDED`, and then nothing is set aside. */
  reserve(currency: Address, amount: bigint): Promise<void>
  /**
   * Counts a channel that is opened for it. What is deposited is not spent, but a peer that named one payee after another
   * could have a payer lock up all it has. @throws `LIMIT_EXCEEDED` at the second
   */
  countChannel(): void
}

type SpendingRecord = { readonly spent: bigint }

const days: Table<SpendingRecord> = 'spending'

/** The days of each store: everything in this process that spends from a store counts together. */
const ledgers = new WeakMap<Store, Map<string, bigint>>()

/** Keeps a payer's spending within its limits, also across restarts. */
export function createBudget(store: Store, limits: Limits): { open(): Spending } {
  const known = ledgers.get(store) ?? new Map<string, bigint>()
  ledgers.set(store, known)

  /** Brings what was spent today into memory. @returns Where it is. */
  const today = async (currency: Address): Promise<string> => {
    const key = `${new Date().toISOString().slice(0, 10)}/${currency}`
    if (!known.has(key)) {
      const spent = (await store.get(days, key))?.spent ?? 0n
      if (!known.has(key)) known.set(key, spent)
    }
    return key
  }

  /** Adds to the day's spending in the store before anything is paid, so that a crash can only overstate it. */
  const reserveDay = async (currency: Address, amount: bigint): Promise<void> => {
    if (limits.perDay === undefined) return
    const key = await today(currency)
    const wanted = (known.get(key) ?? 0n) + amount
    if (wanted > limits.perDay) throw exceeded('day', limits.perDay, wanted)
    known.set(key, wanted)
    await store.write([put(days, key, { spent: wanted })])
  }

  return {
    open: () => {
      const spent = new Map<Address, bigint>()
      let channels = 0
      const sum = (currency: Address) => spent.get(currency) ?? 0n
      return {
        left: async (currency) => {
          const ofRequest = limits.perRequest - sum(currency)
          if (limits.perDay === undefined) return ofRequest
          const key = await today(currency)
          const ofDay = limits.perDay - (known.get(key) ?? 0n)
          return ofDay < ofRequest ? ofDay : ofRequest
        },
        reserve: async (currency, amount) => {
          const wanted = sum(currency) + amount
          if (wanted > limits.perRequest) throw exceeded('request', limits.perRequest, wanted)
          spent.set(currency, wanted)
          try {
            await reserveDay(currency, amount)
          } catch (error) {
            spent.set(currency, sum(currency) - amount)
            throw error
          }
        },
        countChannel: () => {
          channels++
          if (channels === 1) return
          throw new ScripError('LIMIT_EXCEEDED', {
            detail: 'The request would open a second channel.',
            hint: 'Ask at the address that it leads to, if you trust the peer.',
            values: { span: 'request', limit: 1, wanted: channels },
          })
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
