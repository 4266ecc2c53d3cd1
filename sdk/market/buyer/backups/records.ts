import { ScripError } from '../../../errors/ScripError.ts'
import { isToldByPeer } from '../../../http/problem.ts'
import type { Table } from '../../../store/Store.ts'
import type { Backup, BackupPlace } from './Backups.ts'

export const backups: Table<Backup> = 'market/backups'

/** A place whose seller had all of its piece. */
export type StoredPlace = BackupPlace & Required<Pick<BackupPlace, 'agreement' | 'root'>>

export function hasRoot(place: BackupPlace): place is StoredPlace {
  return place.root !== undefined
}

/** Whether a piece is there, as far as is known. */
export function isStored(place: BackupPlace): place is StoredPlace {
  return hasRoot(place) && place.isLost === undefined
}

/** Errors that are about a seller, and not about the buyer: with another seller it may go well. */
const ABOUT_SELLERS: ReadonlySet<string> = new Set([
  ...['OFFER_ALTERED', 'OFFER_EXPIRED', 'OFFER_MALFORMED', 'OFFER_OVERSOLD', 'OFFER_REPLAYED', 'SELLER_DUPLICATED'],
  ...['AGREEMENT_ALTERED', 'AGREEMENT_EXPIRED', 'AGREEMENT_MALFORMED', 'AGREEMENT_UNKNOWN', 'CURRENCY_NOT_ACCEPTED'],
  ...['CLOCK_SKEW', 'DISK_FULL', 'PEER_UNREACHABLE', 'PIECE_ALTERED', 'PROTOCOL_VIOLATION', 'TRANSFER_INTERRUPTED'],
])

export function isAboutSeller(error: unknown): boolean {
  return isToldByPeer(error) || (error instanceof ScripError && ABOUT_SELLERS.has(error.code))
}
