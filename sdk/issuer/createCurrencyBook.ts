import type { Address } from 'viem'
import { getCurrency } from '../chain/actions/getCurrency.ts'
import type { ScripClient } from '../chain/transact.ts'
import { ScripError } from '../errors/ScripError.ts'
import type { CurrencyTerms } from '../http/gatewayMessages.ts'

/** The currencies of one issuer. */
export type CurrencyBook = {
  /** @throws `UNKNOWN_CURRENCY` where the issuer does not issue it, `RPC_UNREACHABLE` */
  terms(currency: Address): Promise<CurrencyTerms>
}

/** How old an answer may be: an issuer may pass a currency on. */
const FRESH_MILLISECONDS = 30_000

/** Addresses that are remembered, whether there is a currency or not. */
const MOST_CURRENCIES = 256

/** Looks up which currencies an issuer issues now, and remembers it for a while. */
export function createCurrencyBook(client: ScripClient, chainId: number, issuer: Address): CurrencyBook {
  const known = new Map<string, { terms: Promise<CurrencyTerms>; at: number }>()

  const read = async (currency: Address): Promise<CurrencyTerms> => {
    const { address, name, symbol, decimals, feeFlat, feeBps, ...rest } = await getCurrency(client, { currency })
    if (rest.issuer.toLowerCase() === issuer.toLowerCase()) {
      return { currency: address, issuer: rest.issuer, chainId, name, symbol, decimals, feeFlat, feeBps }
    }
    throw new ScripError('UNKNOWN_CURRENCY', {
      detail: `${currency} is issued by somebody else.`,
      hint: 'Ask the gateway of the currency’s own issuer.',
      values: { currency, issuer: rest.issuer },
    })
  }

  return {
    terms: (currency) => {
      const key = currency.toLowerCase()
      const present = known.get(key)
      if (present !== undefined && Date.now() - present.at < FRESH_MILLISECONDS) return present.terms
      const entry = { terms: read(currency), at: Date.now() }
      known.delete(key)
      known.set(key, entry)
      entry.terms.catch((error: unknown) => {
        // That there is no such currency is an answer; that the chain does not answer is none.
        const isAnswer = error instanceof ScripError && error.code === 'UNKNOWN_CURRENCY'
        if (!isAnswer && known.get(key) === entry) known.delete(key)
      })
      const [oldest] = known.keys()
      if (known.size > MOST_CURRENCIES && oldest !== undefined) known.delete(oldest)
      return entry.terms
    },
  }
}
