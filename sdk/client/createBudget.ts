import { type Address, isAddress } from 'viem'
import { MAX_TOTAL } from '../channels/Channel.ts'
import { ScripError } from '../errors/ScripError.ts'
import { put, type Store, type Table } from '../store/Store.ts'

/**
 * What may be spent: in base units of each currency, counted apart, or with `currencies` in units of account, counted
 * together.
 */
export type Limits = {
  /** On one request, with all that it leads to. */
  readonly perRequest: bigint
  /** On one payee in all, for as long as the store lives; no limit where nothing is said. */
  readonly perPayee?: bigint
  /** In one day of UTC; no limit where nothing is said. */
  readonly perDay?: bigint
}

/**
 * The currencies to pay in, and what each is worth: units of account for one base unit, times 1e18, as a network's weights
 * are. `parseEther('0.5')` is half a unit.
 */
export type Rates = { readonly [currency: Address]: bigint }

/** Who may be paid. */
export type Trust = {
  /** A payee's reputation, by its address in lower case. What it throws ends the request. */
  readonly score: (payee: Address) => number | bigint | Promise<number | bigint>
  /** The least score that is paid. */
  readonly least: number | bigint
}

/** What a payer agrees to. */
export type Policy = { readonly limits: Limits; readonly currencies?: Rates; readonly trust?: Trust }

/** Who is paid, and in what. Addresses in lower case. */
export type Recipient = { readonly payee: Address; readonly currency: Address }

/** The spending on one request. */
export type Spending = {
  /**
   * Looks before anything is opened or signed; at each payee once.
   * @throws `CURRENCY_NOT_ACCEPTED`, `PAYEE_NOT_TRUSTED`, and what `trust.score` throws
   */
  approve(recipient: Recipient): Promise<void>
  /** Base units that may still be spent on it. */
  left(recipient: Recipient): Promise<bigint>
  /**
   * Sets base units aside before they are paid.
   * @returns Gives them back where they were not paid after all
   * @throws `LIMIT_EXCEEDED`, and then nothing is set aside
   */
  reserve(recipient: Recipient, amount: bigint): Promise<() => Promise<void>>
  /**
   * Counts a channel that is opened for it. What is deposited is not spent, but a peer that named one payee after another
   * could have a payer lock up all it has. @throws `LIMIT_EXCEEDED` at the second
   */
  countChannel(): void
}

/** A payer's policy at work. */
export type Budget = {
  open(): Spending
  /** What base units are worth, to compare them by; nothing where the currency is not accepted. */
  worth(currency: Address, amount: bigint): bigint | undefined
  /** What an amount that is counted as the limits are makes in base units. */
  inBaseUnits(currency: Address, amount: bigint): bigint
}

/** What was spent, in units of account times 1e18; on that day, where it is of one. */
type SpendingRecord = { readonly spent: bigint; readonly day?: string }

const spendings: Table<SpendingRecord> = 'spending'

/** The spending of each store: everything in this process that spends from a store counts together. */
const ledgers = new WeakMap<Store, Map<string, SpendingRecord>>()

const ONE = 10n ** 18n

/** What is counted beyond one request. */
type Account = { readonly span: 'payee' | 'day'; readonly key: string; readonly limit: bigint; readonly day?: string }

/** Keeps a payer's spending within its policy, also across restarts. @throws `INVALID_ARGUMENT` */
export function createBudget(store: Store, { limits, currencies, trust }: Policy): Budget {
  const rates = currencies && readRates(currencies)
  const known = ledgers.get(store) ?? new Map<string, SpendingRecord>()
  ledgers.set(store, known)

  const rateOf = (currency: Address): bigint => {
    const rate = rates === undefined ? ONE : rates.get(currency)
    if (rate === undefined) throw notAccepted([currency])
    return rate
  }

  /** What a payment counts for, brought into memory. */
  const accountsOf = async ({ payee, currency }: Recipient): Promise<Account[]> => {
    const unit = rates === undefined ? currency : 'account'
    const accounts: Account[] = []
    if (limits.perPayee !== undefined) {
      accounts.push({ span: 'payee', key: `payee/${payee}/${unit}`, limit: limits.perPayee * ONE })
    }
    if (limits.perDay !== undefined) {
      const day = new Date().toISOString().slice(0, 10)
      accounts.push({ span: 'day', key: `day/${unit}`, limit: limits.perDay * ONE, day })
    }
    for (const { key } of accounts) {
      if (known.has(key)) continue
      const kept = await store.get(spendings, key)
      if (!known.has(key)) known.set(key, kept ?? { spent: 0n })
    }
    return accounts
  }

  /** What was spent. A clock that is set back begins no new day. */
  const recordOf = ({ key, day = '' }: Account): SpendingRecord => {
    const record = known.get(key) ?? { spent: 0n }
    return day > (record.day ?? '') ? { spent: 0n, day } : record
  }

  /** Adds to the accounts in the store before anything is paid, so that a crash can only overstate them. */
  const add = async (accounts: Account[], worth: bigint): Promise<void> => {
    if (accounts.length === 0) return
    const changes = accounts.map((account) => {
      const record = recordOf(account)
      const next = { ...record, spent: record.spent + worth }
      known.set(account.key, next)
      return put(spendings, account.key, next)
    })
    await store.write(changes)
  }

  const exceeded = (span: 'request' | Account['span'], limit: bigint, worth: bigint): ScripError => {
    const wanted = (worth + ONE - 1n) / ONE
    const units = rates === undefined ? 'base units' : 'units of account'
    const where = { request: 'on one request', payee: 'on this payee', day: 'in one day' }[span]
    return new ScripError('LIMIT_EXCEEDED', {
      detail: `That would make ${wanted} ${units} ${where}; the limit is ${limit / ONE}.`,
      values: { span, limit: limit / ONE, wanted },
    })
  }

  const requireTrust = async (payee: Address): Promise<void> => {
    if (trust === undefined) return
    const score = await trust.score(payee)
    if (score >= trust.least) return
    throw new ScripError('PAYEE_NOT_TRUSTED', {
      detail: `The payee ${payee} has the score ${score}; the least that is paid is ${trust.least}.`,
      values: { payee, score, least: trust.least },
    })
  }

  const open = (): Spending => {
    const perRequest = limits.perRequest * ONE
    /** By currency, or in all: what is spent on the request. */
    const spent = new Map<string, bigint>()
    const keyOf = (currency: Address) => (rates === undefined ? currency : 'account')
    const sum = (currency: Address) => spent.get(keyOf(currency)) ?? 0n
    const looks = new Map<Address, Promise<void>>()
    let channels = 0
    return {
      approve: async ({ payee, currency }) => {
        rateOf(currency)
        const look = looks.get(payee) ?? requireTrust(payee)
        looks.set(payee, look)
        await look
      },

      left: async (recipient) => {
        const { currency } = recipient
        const rate = rateOf(currency)
        const accounts = await accountsOf(recipient)
        const worths = accounts.map((account) => account.limit - recordOf(account).spent)
        return least([perRequest - sum(currency), ...worths]) / rate
      },

      reserve: async (recipient, amount) => {
        const { currency } = recipient
        const worth = amount * rateOf(currency)
        const accounts = await accountsOf(recipient)
        // From here to the first write nothing waits: of many at once, each sees what those before it set aside.
        const wanted = sum(currency) + worth
        if (wanted > perRequest) throw exceeded('request', perRequest, wanted)
        for (const account of accounts) {
          const { spent: before } = recordOf(account)
          if (before + worth > account.limit) throw exceeded(account.span, account.limit, before + worth)
        }
        spent.set(keyOf(currency), wanted)
        const giveBack = async () => {
          spent.set(keyOf(currency), sum(currency) - worth)
          // What a day that is over was charged too much harms nobody; the next one must not be charged too little.
          await add(
            accounts.filter((account) => recordOf(account).day === account.day),
            -worth,
          )
        }
        try {
          await add(accounts, worth)
        } catch (error) {
          spent.set(keyOf(currency), sum(currency) - worth)
          throw error
        }
        return giveBack
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
  }

  return {
    open,
    worth: (currency, amount) => {
      if (rates === undefined) return amount
      const rate = rates.get(currency)
      return rate && amount * rate
    },
    inBaseUnits: (currency, amount) => {
      const rate = rateOf(currency)
      return least([(amount * ONE + rate - 1n) / rate, MAX_TOTAL])
    },
  }
}

/** What is said where none of the currencies that a peer asks for is accepted. */
export function notAccepted(currencies: readonly Address[]): ScripError {
  return new ScripError('CURRENCY_NOT_ACCEPTED', {
    detail: `The peer is paid in ${currencies.join(', ')}, in which this payer pays nobody.`,
    values: { currencies },
  })
}

function readRates(currencies: Rates): Map<Address, bigint> {
  const rates = new Map<Address, bigint>()
  for (const [currency, rate] of Object.entries(currencies)) {
    const isRate = isAddress(currency, { strict: false }) && typeof rate === 'bigint' && rate > 0n
    if (!isRate) {
      throw new ScripError('INVALID_ARGUMENT', {
        detail: 'A currency has an address, and a rate above 0 as a bigint: units of account times 1e18.',
        values: { currency, rate },
      })
    }
    rates.set(currency.toLowerCase() as Address, rate)
  }
  return rates
}

function least(amounts: readonly bigint[]): bigint {
  return amounts.reduce((one, other) => (other < one ? other : one))
}
