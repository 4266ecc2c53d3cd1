import type { Address } from 'viem'
import { accountOf, type ScripClient } from '../../chain/transact.ts'
import { toHex } from '../../channels/bytes.ts'
import { reach } from '../../client/reach.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { kilobytes } from '../../http/price.ts'
import { isToldByPeer, receiveProblem } from '../../http/problem.ts'
import { readText } from '../../http/readText.ts'
import { createTurns } from '../../store/createTurns.ts'
import { put, type Store } from '../../store/Store.ts'
import { type Agreement, type SignedAgreement, termsFor } from '../Agreement.ts'
import type { Offer, SignedOffer } from '../Offer.ts'
import { agreementPath, PROPOSAL_HEADER } from '../paths.ts'
import { writeProposalHeader } from '../proposal.ts'
import { readAgreement } from '../readAgreement.ts'
import { requireOffer } from '../readOffer.ts'
import { agreementDigest, isSigned, offerDigest } from '../statements.ts'
import type { Buyer, BuyerAgreement } from './Buyer.ts'
import type { Payments } from './createPayments.ts'
import { readOfferAt, requireOfferAt } from './readOfferAt.ts'
import { type AgreementRecord, agreements, isSettled } from './records.ts'

/** What `createAgreeing` takes. */
export type AgreeingParameters = {
  client: ScripClient
  /** Signs for the account of the client. */
  signer: { readonly address: Address; sign(parameters: { hash: `0x${string}` }): Promise<`0x${string}`> }
  store: Store
  payments: Payments
  clock: () => number
}

/** Bytes of an agreement that are read at most. */
const LONGEST_AGREEMENT = 16_384

/** Challenges for which a deposit has room. */
const CHALLENGES = 8n

/** Accepts offers: `Buyer.agree`. */
export function createAgreeing({ client, signer, store, payments, clock }: AgreeingParameters): Buyer['agree'] {
  const turns = createTurns()

  /** @throws what is wrong with the offer, or with accepting it there */
  const requireGood = async ({ offer, signature }: SignedOffer, url: string): Promise<void> => {
    requireOffer(offer)
    if (!isSigned(offer.seller, offerDigest(offer), signature)) {
      throw new ScripError('OFFER_ALTERED', { values: { seller: offer.seller } })
    }
    requireOfferAt({ offer, signature }, url, clock())
    for (const present of await store.all(agreements)) await requireOneSeller(present, offer, url)
  }

  /**
   * Two sellers that use one key take one payment twice; one that moved is only somewhere else, and its agreements are kept
   * there. @throws `SELLER_DUPLICATED`
   */
  const requireOneSeller = async (present: AgreementRecord, offer: Offer, url: string): Promise<void> => {
    const { agreement, url: before } = present
    if (agreement.seller !== offer.seller || agreement.end <= clock()) return
    if (offer.endpoints.includes(new URL(before).origin)) return
    const other = await readOfferAt(before, clock()).catch(() => undefined)
    if (other === undefined || other.offer.seller !== offer.seller) {
      return store.write([put(agreements, present.id, { ...present, url })])
    }
    throw new ScripError('SELLER_DUPLICATED', {
      detail: `The seller ${offer.seller} is at ${offer.endpoints.join(', ')} and at ${before}.`,
      values: { seller: offer.seller, endpoints: offer.endpoints, other: before },
    })
  }

  /** Sends a proposal, and keeps what comes of it. */
  const propose = async (record: AgreementRecord): Promise<BuyerAgreement> => {
    const { id, agreement, buyerSignature, offer, url } = record
    const proposal = { id, agreement, buyerSignature }
    const headers = { [PROPOSAL_HEADER]: writeProposalHeader({ offer, proposal }) }
    const request = () => new Request(new URL(agreementPath(id), url), { method: 'PUT', headers, redirect: 'error' })
    // Nothing is paid before the seller has nothing against it but that it is not paid; what it signed before, it gives again.
    const first = await reach(request())
    const pay = payments.fetchAt(agreement, { unit: 'call', amount: agreement.price, count: 1n }, costOf(agreement))
    if (first.status === 402) await first.body?.cancel()
    const answer = first.status === 402 ? await pay(request()) : first
    if (!answer.ok) {
      const problem = await receiveProblem(answer)
      // It said no: nothing is left open.
      await store.write([{ table: agreements, key: id, remove: true }])
      throw problem
    }
    const { sellerSignature } = readSigned(await readText(answer, LONGEST_AGREEMENT), record)
    const settled = { ...record, sellerSignature }
    await store.write([put(agreements, id, settled)])
    return settled
  }

  /** A proposal for the same whose answer never came. */
  const findOpen = async (seller: Address, wish: Pick<Agreement, 'size' | 'currency'> & { seconds: number }) =>
    (await store.all(agreements)).find((record) => {
      const { agreement } = record
      const isSame =
        agreement.seller === seller &&
        agreement.size === wish.size &&
        agreement.end - agreement.start === wish.seconds &&
        agreement.currency === wish.currency
      return isSame && !isSettled(record) && agreement.end > clock()
    })

  /** What came of a proposal whose answer never came. Nothing where the seller never took it, and does not take it now. */
  const takeUp = async (record: AgreementRecord): Promise<BuyerAgreement | undefined> => {
    try {
      return await propose(record)
    } catch (error) {
      if (isToldByPeer(error)) return undefined
      throw error
    }
  }

  return async ({ offer, url, size, seconds, currency }) => {
    await requireGood(offer, url)
    const { seller, chainId, contract, prices, capacity } = offer.offer
    const asked = (currency ?? prices[0]?.currency ?? '0x').toLowerCase() as Address
    const terms = termsFor(offer.offer, { currency: asked, size, start: clock(), seconds })
    return turns.take(`${seller}/${asked}`, async () => {
      const open = await findOpen(seller, { size, seconds, currency: asked })
      const taken = open && (await takeUp({ ...open, url }))
      if (taken !== undefined) return taken
      if (size > capacity) {
        throw new ScripError('OFFER_OVERSOLD', {
          detail: `${capacity} bytes are left; the agreement is for ${size}.`,
          values: { free: capacity, size },
        })
      }
      const recipient = { chainId, contract, seller, currency: asked }
      const channelId = await payments.channelTo(recipient, terms.perKilobyteWritten, costOf(terms))
      const agreement: Agreement = {
        chainId,
        contract,
        offer: offerDigest(offer.offer),
        seller,
        buyer: accountOf(client).address.toLowerCase() as Address,
        currency: asked,
        channelId,
        ...terms,
        nonce: toHex(crypto.getRandomValues(new Uint8Array(32))),
      }
      const id = agreementDigest(agreement)
      const record = { id, agreement, buyerSignature: await signer.sign({ hash: id }), url, offer }
      await store.write([put(agreements, id, record)])
      return propose(record)
    })
  }
}

/** What an agreement can come to: its block, all of it written and read once, and some challenges. */
export function costOf(
  terms: Pick<Agreement, 'price' | 'size' | 'perKilobyteWritten' | 'perKilobyteRead' | 'perLeaf' | 'mostLeaves'>,
): bigint {
  const { price, size, perKilobyteWritten, perKilobyteRead, perLeaf, mostLeaves } = terms
  const flow = BigInt(kilobytes(size)) * (perKilobyteWritten + perKilobyteRead)
  return price + flow + CHALLENGES * BigInt(mostLeaves) * perLeaf
}

/** @throws `AGREEMENT_ALTERED`, `AGREEMENT_MALFORMED` */
function readSigned(text: string, { id }: AgreementRecord): SignedAgreement {
  const signed = readAgreement(text)
  if (signed.id === id) return signed
  throw new ScripError('AGREEMENT_ALTERED', {
    detail: 'The seller signed another agreement than the one that was proposed.',
    values: { proposed: id, signed: signed.id },
  })
}
