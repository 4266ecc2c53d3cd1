import type { Hex } from 'viem'
import { ScripError } from '../../errors/ScripError.ts'
import type { Store, Table } from '../../store/Store.ts'
import type { Proposal } from '../Agreement.ts'
import type { SignedOffer } from '../Offer.ts'
import type { BuyerAgreement, BuyerPiece, Failure } from './Buyer.ts'

/** An agreement, or what was proposed and is not answered: it is in the store before it leaves. */
export type AgreementRecord = Proposal & {
  readonly url: string
  readonly offer: SignedOffer
  readonly sellerSignature?: Hex
}

export const agreements: Table<AgreementRecord> = 'market/bought'
export const pieces: Table<BuyerPiece> = 'market/stored'
export const failures: Table<Failure> = 'market/failures'

export function pieceKey(agreement: Hex, root: Hex): string {
  return `${agreement}/${root}`
}

/** Whether both signed. */
export function isSettled(record: AgreementRecord): record is BuyerAgreement {
  return record.sellerSignature !== undefined
}

/** An agreement of the store that both signed. @throws `AGREEMENT_UNKNOWN`, `AGREEMENT_EXPIRED` */
export async function findAgreement(store: Store, id: Hex, now: number): Promise<BuyerAgreement> {
  const record = await store.get(agreements, id)
  if (record === undefined || !isSettled(record)) {
    throw new ScripError('AGREEMENT_UNKNOWN', {
      detail: 'This buyer made no such agreement.',
      hint: 'Check the agreement’s id, and that the store is the one that it was made with.',
      values: { agreement: id },
    })
  }
  const { end } = record.agreement
  if (end > now) return record
  throw new ScripError('AGREEMENT_EXPIRED', { values: { agreement: id, end, now } })
}
