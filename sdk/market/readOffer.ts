import { ScripError } from '../errors/ScripError.ts'
import type { Offer, OfferPrice, SignedOffer } from './Offer.ts'
import { type Fields, MOST_SECONDS, parseJson, readFields, writeJson } from './readFields.ts'
import { isSigned, offerDigest } from './statements.ts'

const MOST_PRICES = 32
const MOST_ENDPOINTS = 8
const LONGEST_ENDPOINT = 256
const LONGEST_WORD = 64
const MOST_LEAVES = 256
const MOST_ANSWER_SECONDS = 86_400

/** Seconds by which two clocks may differ. */
export const MOST_SKEW = 300

/** A signed offer as JSON. */
export function writeOffer({ offer, signature }: SignedOffer): string {
  return writeJson({ offer, signature })
}

/**
 * The signed offer in a JSON text.
 * @throws `OFFER_MALFORMED` where a field is not what it should be, `OFFER_ALTERED` where its seller did not sign it
 */
export function readOffer(text: string): SignedOffer {
  const fields = readFields(parseJson(text, 'OFFER_MALFORMED'), 'OFFER_MALFORMED')
  const offer = readTerms(fields.object('offer'))
  const signature = fields.bytes('signature', 65)
  if (!isSigned(offer.seller, offerDigest(offer), signature)) {
    throw new ScripError('OFFER_ALTERED', { values: { seller: offer.seller } })
  }
  return { offer, signature }
}

/** The offer itself, if it is one that can be signed. @throws `OFFER_MALFORMED` */
export function requireOffer(offer: Offer): Offer {
  return readTerms(JSON.parse(writeJson(offer)))
}

/**
 * Whether an offer holds now.
 * @throws `CLOCK_SKEW` where it comes from the future, `OFFER_EXPIRED`
 */
export function requireInForce({ issuedAt, expiresAt }: Offer, now: number): void {
  if (issuedAt > now + MOST_SKEW) throw clockSkew(issuedAt, now)
  if (expiresAt <= now) throw new ScripError('OFFER_EXPIRED', { values: { expiresAt, now } })
}

/** The error of two clocks that differ too much. Unix seconds. */
export function clockSkew(theirs: number, ours: number): ScripError {
  const seconds = Math.abs(theirs - ours)
  const how = theirs > ours ? 'ahead of' : 'behind'
  return new ScripError('CLOCK_SKEW', {
    detail: `The other side's clock is ${seconds} seconds ${how} this one.`,
    values: { theirs, ours, most: MOST_SKEW },
  })
}

function readTerms(value: unknown): Offer {
  const fields = readFields(value, 'OFFER_MALFORMED')
  if (fields.text('resource', LONGEST_WORD) !== 'storage') {
    throw new ScripError('OFFER_MALFORMED', { detail: 'What it offers is not storage.' })
  }
  const offer: Offer = {
    chainId: fields.whole('chainId', 1),
    contract: fields.address('contract'),
    seller: fields.address('seller'),
    resource: 'storage',
    capacity: fields.whole('capacity', 0),
    blockBytes: fields.whole('blockBytes', 1),
    blockSeconds: fields.whole('blockSeconds', 1, MOST_SECONDS),
    prices: fields.list('prices', MOST_PRICES, (item) => readPrice(readFields(item, 'OFFER_MALFORMED'))),
    minBytes: fields.whole('minBytes', 1),
    maxBytes: fields.whole('maxBytes', 1),
    minSeconds: fields.whole('minSeconds', 1, MOST_SECONDS),
    maxSeconds: fields.whole('maxSeconds', 1, MOST_SECONDS),
    mostLeaves: fields.whole('mostLeaves', 1, MOST_LEAVES),
    answerSeconds: fields.whole('answerSeconds', 1, MOST_ANSWER_SECONDS),
    issuedAt: fields.whole('issuedAt', 0, MOST_SECONDS),
    expiresAt: fields.whole('expiresAt', 0, MOST_SECONDS),
    endpoints: readEndpoints(fields),
    region: fields.text('region', LONGEST_WORD),
    operator: fields.text('operator', LONGEST_WORD),
    nonce: fields.bytes('nonce', 32),
  }
  requireOrder('minBytes', offer.minBytes, 'maxBytes', offer.maxBytes)
  requireOrder('minSeconds', offer.minSeconds, 'maxSeconds', offer.maxSeconds)
  requireOrder('issuedAt', offer.issuedAt, 'expiresAt', offer.expiresAt)
  if (new Set(offer.prices.map(({ currency }) => currency)).size < offer.prices.length) {
    throw new ScripError('OFFER_MALFORMED', { detail: 'It has two prices in one currency.' })
  }
  return offer
}

function readPrice(fields: Fields): OfferPrice {
  return {
    currency: fields.address('currency'),
    block: fields.price('block'),
    perKilobyteWritten: fields.price('perKilobyteWritten'),
    perKilobyteRead: fields.price('perKilobyteRead'),
    perLeaf: fields.price('perLeaf'),
  }
}

function readEndpoints(fields: Fields): string[] {
  return fields.list('endpoints', MOST_ENDPOINTS, (item) => {
    const endpoint = readFields({ endpoint: item }, 'OFFER_MALFORMED').text('endpoint', LONGEST_ENDPOINT)
    const url = URL.parse(endpoint)
    if (url !== null && /^https?:$/.test(url.protocol) && url.origin === endpoint) return endpoint
    throw new ScripError('OFFER_MALFORMED', {
      detail: `${endpoint} is no endpoint.`,
      hint: 'An endpoint is http:// or https://, a host, and a port where it has one: nothing after that.',
      values: { endpoint },
    })
  })
}

function requireOrder(first: string, one: number, second: string, other: number): void {
  if (one <= other) return
  throw new ScripError('OFFER_MALFORMED', {
    detail: `${first} is above ${second}: ${one}, ${other}.`,
    values: { [first]: one, [second]: other },
  })
}
