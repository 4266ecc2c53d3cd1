import type { Hex } from 'viem'
import type { ErrorCode } from '../errors/codes.ts'
import { MOST_SECONDS, parseJson, readFields } from './readFields.ts'
import { isSigned, type MarketDomain, storedPieceDigest } from './statements.ts'

/** How far a seller has a piece, as it says itself. */
export type PieceState = {
  /** Bytes from the start that it keeps. */
  readonly received: number
  /** When it had all of it, in Unix seconds, and its signature of that (`StoredPiece`); nothing before. */
  readonly at?: number
  readonly signature?: Hex
}

const CODE: ErrorCode = 'PROTOCOL_VIOLATION'

/** The state in a seller's answer. @throws `PROTOCOL_VIOLATION` */
export function readState(text: string): PieceState {
  const fields = readFields(parseJson(text, CODE), CODE)
  const received = fields.whole('received', 0)
  if (fields.object('signature') === undefined) return { received }
  return { received, at: fields.whole('at', 0, MOST_SECONDS), signature: fields.bytes('signature', 65) }
}

/** What a state shows to others: the seller's signed word that it has the piece. Nothing where it shows nothing. */
export function attestedIn(
  domain: MarketDomain & { readonly seller: `0x${string}` },
  piece: { readonly agreement: Hex; readonly root: Hex; readonly size: number },
  { received, at, signature }: PieceState,
) {
  if (received !== piece.size || at === undefined || signature === undefined) return undefined
  const statement = { agreement: piece.agreement, root: piece.root, size: piece.size, at }
  return isSigned(domain.seller, storedPieceDigest(domain, statement), signature) ? { statement, signature } : undefined
}
