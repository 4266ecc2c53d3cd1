import type { Hex } from 'viem'
import type { VoucherSigner } from '../../channels/signatures.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { type Change, put, type Store, type Table } from '../../store/Store.ts'
import { type Agreement, type Proposal, type SignedAgreement, termsFor } from '../Agreement.ts'
import type { Offer } from '../Offer.ts'
import { clockSkew, MOST_SKEW } from '../readOffer.ts'
import { offerDigest } from '../statements.ts'

/** A seller's agreements that are not over, and the space that they take. */
export type AgreementBook = {
  find(id: Hex): SignedAgreement | undefined
  /** Bytes that are not promised to anybody. */
  free(): number
  /**
   * Whether a proposal can be accepted now. The offer is one of this seller's that holds.
   * @throws `AGREEMENT_MALFORMED`, `AGREEMENT_EXPIRED`, `CLOCK_SKEW`, `AGREEMENT_CONFLICT`, `OFFER_OVERSOLD`
   */
  check(proposal: Proposal, offer: Offer, now: number): void
  /** Accepts and signs a proposal; resolves when that would survive a power loss. @throws What `check` throws */
  accept(proposal: Proposal, offer: Offer, now: number): Promise<SignedAgreement>
  /** The agreements that are over. */
  ended(now: number): SignedAgreement[]
  /** When the next one is over, in Unix seconds. */
  nextEnd(): number | undefined
  /** Forgets an agreement, together with what else is to be forgotten. */
  forget(id: Hex, others: readonly Change[]): Promise<void>
}

/** What `createAgreementBook` takes. */
export type AgreementBookParameters = {
  store: Store
  /** The seller's key. */
  signer: VoucherSigner
  /** Bytes for sale in all. */
  capacity: number
}

const agreements: Table<SignedAgreement> = 'market/agreements'

/** Opens the book, with the agreements in its store. @throws `STORE_FAILED` */
export async function createAgreementBook(parameters: AgreementBookParameters): Promise<AgreementBook> {
  const { store, signer, capacity } = parameters
  const known = new Map<Hex, SignedAgreement>()
  /** The ids by buyer and nonce, of those under way, too. */
  const ids = new Map<string, Hex>()
  let promised = 0

  const promise = ({ id, agreement }: Proposal) => {
    ids.set(keyOf(agreement), id)
    promised += agreement.size
  }
  const release = ({ agreement }: Proposal) => {
    ids.delete(keyOf(agreement))
    promised -= agreement.size
  }
  for (const signed of await store.all(agreements)) {
    known.set(signed.id, signed)
    promise(signed)
  }
  const free = () => Math.max(0, capacity - promised)

  const check: AgreementBook['check'] = ({ agreement }, offer, now) => {
    requireTerms(agreement, offer)
    requirePeriod(agreement, now)
    const { buyer, nonce, size } = agreement
    if (ids.has(keyOf(agreement))) throw new ScripError('AGREEMENT_CONFLICT', { values: { buyer, nonce } })
    if (size <= free()) return
    throw new ScripError('OFFER_OVERSOLD', {
      detail: `${free()} bytes are left; the agreement is for ${size}.`,
      values: { free: free(), size },
    })
  }

  return {
    find: (id) => known.get(id),
    free,
    check,

    accept: async (proposal, offer, now) => {
      check(proposal, offer, now)
      promise(proposal)
      try {
        const signed = { ...proposal, sellerSignature: await signer.sign({ hash: proposal.id }) }
        await store.write([put(agreements, signed.id, signed)])
        known.set(signed.id, signed)
        return signed
      } catch (error) {
        release(proposal)
        throw error
      }
    },

    ended: (now) => [...known.values()].filter(({ agreement }) => agreement.end <= now),

    nextEnd: () => {
      let next: number | undefined
      for (const { agreement } of known.values()) next = Math.min(next ?? agreement.end, agreement.end)
      return next
    },

    forget: async (id, others) => {
      const signed = known.get(id)
      if (signed === undefined) return
      await store.write([...others, { table: agreements, key: id, remove: true }])
      known.delete(id)
      release(signed)
    },
  }
}

/** @throws `AGREEMENT_MALFORMED` where a term is not the offer's */
function requireTerms(agreement: Agreement, offer: Offer): void {
  const { currency, size, start, end } = agreement
  const terms = {
    ...termsFor(offer, { currency, size, start, seconds: end - start }),
    offer: offerDigest(offer),
    seller: offer.seller,
    chainId: offer.chainId,
    contract: offer.contract,
  }
  for (const name of Object.keys(terms) as (keyof typeof terms)[]) {
    if (agreement[name] === terms[name]) continue
    throw new ScripError('AGREEMENT_MALFORMED', {
      detail: `${name} is ${agreement[name]}; by the offer it is ${terms[name]}.`,
      values: { field: name, given: agreement[name], expected: terms[name] },
    })
  }
}

/** @throws `AGREEMENT_EXPIRED` where it is over, `CLOCK_SKEW` where it does not begin now */
function requirePeriod({ start, end }: Agreement, now: number): void {
  if (end <= now) throw new ScripError('AGREEMENT_EXPIRED', { values: { end, now } })
  if (Math.abs(start - now) > MOST_SKEW) throw clockSkew(start, now)
}

function keyOf({ buyer, nonce }: Agreement): string {
  return `${buyer}/${nonce}`
}
