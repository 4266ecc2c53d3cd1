import type { Hex } from 'viem'
import { toHex } from '../../channels/bytes.ts'
import type { VoucherSigner } from '../../channels/signatures.ts'
import { ScripError } from '../../errors/ScripError.ts'
import type { Offer, SignedOffer } from '../Offer.ts'
import { requireInForce, requireOffer } from '../readOffer.ts'
import { offerDigest } from '../statements.ts'

/** What an offer says that does not change from one to the next. */
export type OfferTerms = Omit<Offer, 'capacity' | 'issuedAt' | 'expiresAt' | 'nonce' | 'endpoints'>

/** Signs a seller's offers. */
export type OfferDesk = {
  /** The newest offer; a new one where the last is half over, or says another capacity. */
  current(now: number): Promise<SignedOffer>
  /**
   * Whether an offer, whose signature was checked, holds here.
   * @throws `OFFER_REPLAYED` where it is another seller's or has terms that do not hold any more, `OFFER_EXPIRED`, `CLOCK_SKEW`
   */
  require(offer: Offer, now: number): void
}

/** What `createOfferDesk` takes. */
export type OfferDeskParameters = {
  terms: OfferTerms
  /** Where the seller is reached: asked when an offer is signed. */
  endpoints: () => readonly string[]
  /** Bytes that are for sale now. */
  free: () => number
  /** The seller's key. */
  signer: VoucherSigner
}

/** Seconds that an offer holds. */
const VALIDITY = 86_400

export function createOfferDesk({ terms, endpoints, free, signer }: OfferDeskParameters): OfferDesk {
  let newest: SignedOffer | undefined

  const sign = async (now: number): Promise<SignedOffer> => {
    const offer = requireOffer({
      ...terms,
      endpoints: endpoints(),
      capacity: free(),
      issuedAt: now,
      expiresAt: now + VALIDITY,
      nonce: toHex(crypto.getRandomValues(new Uint8Array(32))),
    })
    const hash: Hex = offerDigest(offer)
    return { offer, signature: await signer.sign({ hash }) }
  }

  return {
    current: async (now) => {
      const isGood = newest !== undefined && newest.offer.capacity === free() && isFresh(newest.offer, now)
      newest = isGood && newest !== undefined ? newest : await sign(now)
      return newest
    },

    require: (offer, now) => {
      // Signed by this seller does not mean that it stands by it still: who changes its prices withdraws the old ones.
      if (lasting(offer) !== lasting({ ...offer, ...terms })) {
        throw new ScripError('OFFER_REPLAYED', { values: { offer: offerDigest(offer), seller: offer.seller } })
      }
      requireInForce(offer, now)
    },
  }
}

function isFresh({ issuedAt, expiresAt }: Offer, now: number): boolean {
  return issuedAt <= now && now < (issuedAt + expiresAt) / 2
}

/** Of an offer all that holds until it is withdrawn, to compare. */
function lasting(offer: Offer): Hex {
  return offerDigest({ ...offer, capacity: 0, issuedAt: 0, expiresAt: 0, nonce: `0x${'00'.repeat(32)}`, endpoints: [] })
}
