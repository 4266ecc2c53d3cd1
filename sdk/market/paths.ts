import type { Hex } from 'viem'

/** Where a seller of storage gives its newest offer: `GET`, free. */
export const OFFER_PATH = '/.well-known/scrip/storage'

/** What a buyer proposes, base64url of JSON: the signed offer, the agreement, and its signature. */
export const PROPOSAL_HEADER = 'scrip-agreement'

/** The seller's signature of its answer to a challenge. */
export const SIGNATURE_HEADER = 'scrip-signature'

/** Characters of a proposal: a request's head has room for no more. */
export const LONGEST_PROPOSAL = 12_000

/** What a path below `/storage` is about. */
export type Place = {
  /** The agreement's id. */
  readonly agreement: Hex
  readonly root?: Hex
  /** Whether it asks how far the piece is there. */
  readonly isState?: boolean
  readonly challenge?: Challenge
}

/** Leaves that a buyer asks for, by their numbers from 0, under a name that nobody could know before. */
export type Challenge = { readonly leaves: readonly number[]; readonly nonce: Hex }

const HASH = '0x[0-9a-f]{64}'
const CHALLENGE = `leaves/(\\d{1,13}(?:,\\d{1,13}){0,255})\\?nonce=(${HASH})`
const PLACE = new RegExp(`^/storage/(${HASH})(?:/(${HASH})(?:/(state)|/${CHALLENGE})?)?$`)

/** `PUT`: makes the agreement, paid with the price of its block. */
export function agreementPath(agreement: Hex): string {
  return `/storage/${agreement}`
}

/** `PUT`: writes a part of the piece, paid by the kilobyte. `GET`: reads it, ranges included, paid by the kilobyte. */
export function piecePath(agreement: Hex, root: Hex): string {
  return `${agreementPath(agreement)}/${root}`
}

/** `GET`, free: how far the piece is there. */
export function statePath(agreement: Hex, root: Hex): string {
  return `${piecePath(agreement, root)}/state`
}

/** `GET`: the leaves with their proofs, paid by the leaf. */
export function challengePath(agreement: Hex, root: Hex, { leaves, nonce }: Challenge): string {
  return `${piecePath(agreement, root)}/leaves/${leaves.join()}?nonce=${nonce}`
}

/** What a request's target is about, as it was sent: nothing is decoded, so nothing can be hidden in it. */
export function readPlace(target: string): Place | undefined {
  const [, agreement, root, state, leaves, nonce] = PLACE.exec(target) ?? []
  if (agreement === undefined) return undefined
  return {
    agreement: agreement as Hex,
    ...(root !== undefined && { root: root as Hex }),
    ...(state !== undefined && { isState: true }),
    ...(leaves !== undefined && { challenge: { leaves: leaves.split(',').map(Number), nonce: nonce as Hex } }),
  }
}
