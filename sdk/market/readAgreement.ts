import { ScripError } from '../errors/ScripError.ts'
import type { Agreement, Proposal, SignedAgreement } from './Agreement.ts'
import { type Fields, MOST_SECONDS, parseJson, readFields, writeJson } from './readFields.ts'
import { agreementDigest, isSigned } from './statements.ts'

/** A proposal as JSON. */
export function writeProposal({ agreement, buyerSignature }: Proposal): string {
  return writeJson({ agreement, buyerSignature })
}

/** An agreement with both signatures as JSON. */
export function writeAgreement({ agreement, buyerSignature, sellerSignature }: SignedAgreement): string {
  return writeJson({ agreement, buyerSignature, sellerSignature })
}

/**
 * The proposal in a JSON text.
 * @throws `AGREEMENT_MALFORMED` where a field is not what it should be, `AGREEMENT_ALTERED` where its buyer did not sign it
 */
export function readProposal(text: string): Proposal {
  return proposalIn(readFields(parseJson(text, 'AGREEMENT_MALFORMED'), 'AGREEMENT_MALFORMED'))
}

/**
 * The agreement in a JSON text, with both signatures.
 * @throws `AGREEMENT_MALFORMED`, `AGREEMENT_ALTERED` where one of both did not sign it
 */
export function readAgreement(text: string): SignedAgreement {
  const fields = readFields(parseJson(text, 'AGREEMENT_MALFORMED'), 'AGREEMENT_MALFORMED')
  const proposal = proposalIn(fields)
  const sellerSignature = fields.bytes('sellerSignature', 65)
  requireSigned(proposal, 'seller', sellerSignature)
  return { ...proposal, sellerSignature }
}

/** @throws `AGREEMENT_ALTERED` */
export function requireSigned({ id, agreement }: Proposal, side: 'buyer' | 'seller', signature: Proposal['id']): void {
  if (isSigned(agreement[side], id, signature)) return
  throw new ScripError('AGREEMENT_ALTERED', {
    detail: `The agreement is not signed by its ${side} ${agreement[side]}.`,
    values: { side, account: agreement[side] },
  })
}

function proposalIn(fields: Fields): Proposal {
  const agreement = readTerms(fields.object('agreement'))
  const buyerSignature = fields.bytes('buyerSignature', 65)
  const proposal = { id: agreementDigest(agreement), agreement, buyerSignature }
  requireSigned(proposal, 'buyer', buyerSignature)
  return proposal
}

function readTerms(value: unknown): Agreement {
  const fields = readFields(value, 'AGREEMENT_MALFORMED')
  const agreement = {
    chainId: fields.whole('chainId', 1),
    contract: fields.address('contract'),
    offer: fields.bytes('offer', 32),
    seller: fields.address('seller'),
    buyer: fields.address('buyer'),
    currency: fields.address('currency'),
    channelId: fields.bytes('channelId', 32),
    size: fields.whole('size', 1),
    start: fields.whole('start', 0, MOST_SECONDS),
    end: fields.whole('end', 0, MOST_SECONDS),
    price: fields.price('price'),
    perKilobyteWritten: fields.price('perKilobyteWritten'),
    perKilobyteRead: fields.price('perKilobyteRead'),
    perLeaf: fields.price('perLeaf'),
    mostLeaves: fields.whole('mostLeaves', 1, 2 ** 32 - 1),
    answerSeconds: fields.whole('answerSeconds', 1, 2 ** 32 - 1),
    nonce: fields.bytes('nonce', 32),
  }
  if (agreement.end > agreement.start) return agreement
  throw new ScripError('AGREEMENT_MALFORMED', {
    detail: 'Its period ends before it begins.',
    values: { start: agreement.start, end: agreement.end },
  })
}
