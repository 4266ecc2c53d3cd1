import { ScripError } from '../errors/ScripError.ts'
import { fromBase64Url, toBase64Url } from '../http/base64url.ts'
import type { Proposal } from './Agreement.ts'
import type { SignedOffer } from './Offer.ts'
import { LONGEST_PROPOSAL } from './paths.ts'
import { readProposal, writeProposal } from './readAgreement.ts'
import { readOffer, writeOffer } from './readOffer.ts'

/** A proposal beside the offer that it accepts: a seller need not remember its offers. */
export type OfferedProposal = { readonly offer: SignedOffer; readonly proposal: Proposal }

/** A proposal as its header holds it. */
export function writeProposalHeader({ offer, proposal }: OfferedProposal): string {
  const parts = [writeOffer(offer), writeProposal(proposal)]
  return toBase64Url(new TextEncoder().encode(JSON.stringify(parts)))
}

/**
 * The proposal in a header, with its offer; both are signed.
 * @throws `AGREEMENT_MALFORMED`, `AGREEMENT_ALTERED`, `OFFER_MALFORMED`, `OFFER_ALTERED`
 */
export function readProposalHeader(value: string | undefined): OfferedProposal {
  const bytes = value !== undefined && value.length <= LONGEST_PROPOSAL ? fromBase64Url(value) : undefined
  const [offer, proposal] = bytes === undefined ? [] : textsIn(bytes)
  if (offer === undefined || proposal === undefined) {
    throw new ScripError('AGREEMENT_MALFORMED', { detail: 'The header is not base64url of an offer and an agreement.' })
  }
  return { offer: readOffer(offer), proposal: readProposal(proposal) }
}

function textsIn(bytes: Uint8Array): string[] {
  try {
    const parts: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return Array.isArray(parts) && parts.every((part) => typeof part === 'string') ? parts : []
  } catch {
    return []
  }
}
