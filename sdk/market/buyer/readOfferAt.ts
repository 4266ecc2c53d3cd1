import { reach } from '../../client/reach.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { receiveProblem } from '../../http/problem.ts'
import { readText } from '../../http/readText.ts'
import type { SignedOffer } from '../Offer.ts'
import { OFFER_PATH } from '../paths.ts'
import { MOST_SECONDS, parseJson, readFields } from '../readFields.ts'
import { clockSkew, MOST_SKEW, readOffer, requireInForce } from '../readOffer.ts'

/** Bytes of an offer at most. */
const LONGEST_OFFER = 65_536

/**
 * The newest offer of the seller at an address.
 * @throws `NOT_FOUND` where none is for sale, `OFFER_MALFORMED`, `OFFER_ALTERED`, `CLOCK_SKEW`, `OFFER_EXPIRED`,
 * `OFFER_REPLAYED`, `PEER_UNREACHABLE`
 */
export async function readOfferAt(url: string, now: number): Promise<SignedOffer> {
  const answer = await reach(new Request(new URL(OFFER_PATH, url), { redirect: 'error' }))
  if (answer.status >= 500 || answer.status === 429) throw await receiveProblem(answer)
  if (!answer.ok) throw await noOffer(answer, url)
  const text = await readText(answer, LONGEST_OFFER)
  const signed = readOffer(text)
  const theirs = readFields(parseJson(text, 'OFFER_MALFORMED'), 'OFFER_MALFORMED').whole('now', 0, MOST_SECONDS)
  // Before anything else is said of its times: with a wrong clock every offer looks expired, or not yet made.
  if (Math.abs(theirs - now) > MOST_SKEW) throw clockSkew(theirs, now)
  requireOfferAt(signed, url, now)
  return signed
}

async function noOffer(answer: Response, url: string): Promise<ScripError> {
  await answer.body?.cancel()
  const { origin } = new URL(url)
  return new ScripError('NOT_FOUND', {
    detail: `No storage is for sale at ${origin}.`,
    hint: 'Give the address of a peer that runs `scrip serve --storage`.',
    values: { url: origin, status: answer.status },
  })
}

/**
 * Whether an offer holds, and is of the seller at that address.
 * @throws `CLOCK_SKEW`, `OFFER_EXPIRED`, `OFFER_REPLAYED`
 */
export function requireOfferAt({ offer }: SignedOffer, url: string, now: number): void {
  requireInForce(offer, now)
  const { origin } = new URL(url)
  if (offer.endpoints.includes(origin)) return
  throw new ScripError('OFFER_REPLAYED', {
    detail: `The offer at ${origin} is of a seller at ${offer.endpoints.join(', ')}.`,
    hint: 'Buy at one of the endpoints that the offer names; a seller names its own with --endpoint.',
    values: { url: origin, endpoints: offer.endpoints, seller: offer.seller },
  })
}
