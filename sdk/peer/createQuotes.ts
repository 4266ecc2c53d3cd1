import { hmac } from '@noble/hashes/hmac'
import { sha256 } from '@noble/hashes/sha2'
import { randomBytes, utf8ToBytes } from '@noble/hashes/utils'
import { ScripError } from '../errors/ScripError.ts'
import { toBase64Url } from '../http/base64url.ts'
import { type Rate, readRate, writeRate } from '../http/price.ts'
import type { Quote } from '../http/quote.ts'

/** Gives quotes whose price holds, and recognizes them: nothing is remembered of them. */
export type Quotes = {
  /** A quote for what is named: the same words for the same thing. */
  give(rate: Rate, item: string): Quote
  /** The price of a quote by its id. @throws `QUOTE_EXPIRED` where it is not, or not any more, one for this thing */
  recognize(id: string, item: string): Rate
}

/** What `createQuotes` takes. */
export type QuotesParameters = {
  /** Where and whom to pay. */
  terms: Omit<Quote, 'unit' | 'amount' | 'id' | 'expiresAt'>
  /** Seconds that a quote holds. */
  seconds: number
  /** Processes that sell the same share it. Drawn at random where nothing is said. */
  secret?: string | undefined
}

const MAC_BYTES = 16

/**
 * Quotes that carry all there is to know of them, under a secret: a server of many processes, or one that restarts with the
 * same secret, recognizes each.
 */
export function createQuotes({ terms, seconds, secret }: QuotesParameters): Quotes {
  const key = secret === undefined ? randomBytes(32) : utf8ToBytes(secret)
  const where = [terms.chainId, terms.contract, terms.currency, terms.payee].join(' ')

  const idFor = (expiresAt: number, rate: string, item: string): string => {
    const mac = hmac(sha256, key, utf8ToBytes([where, expiresAt, rate, item].join('\n')))
    return `${expiresAt}.${rate}.${toBase64Url(mac.subarray(0, MAC_BYTES))}`
  }

  return {
    give: (rate, item) => {
      const expiresAt = now() + seconds
      return { ...terms, ...rate, id: idFor(expiresAt, writeRate(rate), item), expiresAt }
    },
    recognize: (id, item) => {
      const [expiry = '', text = ''] = id.split('.')
      const rate = readRate(text)
      const expiresAt = Number(expiry)
      if (rate === undefined || !Number.isSafeInteger(expiresAt) || !isSame(idFor(expiresAt, text, item), id)) {
        throw new ScripError('QUOTE_EXPIRED', { detail: 'No quote with this id was given for this request.' })
      }
      if (expiresAt <= now()) throw new ScripError('QUOTE_EXPIRED', { values: { expiresAt } })
      return rate
    },
  }
}

/** Takes as long wherever two texts differ: nobody can guess an id a character at a time. */
function isSame(one: string, other: string): boolean {
  let difference = one.length ^ other.length
  for (let at = 0; at < one.length; at++) difference |= one.charCodeAt(at) ^ other.charCodeAt(at)
  return difference === 0
}

function now(): number {
  return Math.floor(Date.now() / 1000)
}
