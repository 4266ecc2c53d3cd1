import { type Address, type Hex, hashTypedData } from 'viem'
import { fromHex } from '../channels/bytes.ts'
import { compactSignature, recoverSigner } from '../channels/signatures.ts'
import type { Agreement } from './Agreement.ts'
import type { Offer } from './Offer.ts'

/** What is signed in the market: EIP-712, in the domain `Scrip Storage Market`, version 1, with the chain and its channels contract. */
export const marketTypes = {
  OfferPrice: [
    { name: 'currency', type: 'address' },
    { name: 'block', type: 'uint96' },
    { name: 'perKilobyteWritten', type: 'uint96' },
    { name: 'perKilobyteRead', type: 'uint96' },
    { name: 'perLeaf', type: 'uint96' },
  ],
  StorageOffer: [
    { name: 'seller', type: 'address' },
    { name: 'resource', type: 'string' },
    { name: 'capacity', type: 'uint64' },
    { name: 'blockBytes', type: 'uint64' },
    { name: 'blockSeconds', type: 'uint40' },
    { name: 'prices', type: 'OfferPrice[]' },
    { name: 'minBytes', type: 'uint64' },
    { name: 'maxBytes', type: 'uint64' },
    { name: 'minSeconds', type: 'uint40' },
    { name: 'maxSeconds', type: 'uint40' },
    { name: 'mostLeaves', type: 'uint32' },
    { name: 'answerSeconds', type: 'uint32' },
    { name: 'issuedAt', type: 'uint40' },
    { name: 'expiresAt', type: 'uint40' },
    { name: 'endpoints', type: 'string[]' },
    { name: 'region', type: 'string' },
    { name: 'operator', type: 'string' },
    { name: 'nonce', type: 'bytes32' },
  ],
  StorageAgreement: [
    { name: 'offer', type: 'bytes32' },
    { name: 'seller', type: 'address' },
    { name: 'buyer', type: 'address' },
    { name: 'currency', type: 'address' },
    { name: 'channelId', type: 'bytes32' },
    { name: 'size', type: 'uint64' },
    { name: 'start', type: 'uint40' },
    { name: 'end', type: 'uint40' },
    { name: 'price', type: 'uint96' },
    { name: 'perKilobyteWritten', type: 'uint96' },
    { name: 'perKilobyteRead', type: 'uint96' },
    { name: 'perLeaf', type: 'uint96' },
    { name: 'mostLeaves', type: 'uint32' },
    { name: 'answerSeconds', type: 'uint32' },
    { name: 'nonce', type: 'bytes32' },
  ],
  StoredPiece: [
    { name: 'agreement', type: 'bytes32' },
    { name: 'root', type: 'bytes32' },
    { name: 'size', type: 'uint64' },
    { name: 'at', type: 'uint40' },
  ],
  ChallengeAnswer: [
    { name: 'agreement', type: 'bytes32' },
    { name: 'root', type: 'bytes32' },
    { name: 'nonce', type: 'bytes32' },
    { name: 'answer', type: 'bytes32' },
  ],
} as const

/** Where a statement is good. */
export type MarketDomain = { readonly chainId: number; readonly contract: Address }

/** What a seller says when a piece lies whole on its disk. */
export type StoredPiece = {
  /** The agreement's id. */
  readonly agreement: Hex
  readonly root: Hex
  /** Bytes. */
  readonly size: number
  /** Unix seconds. */
  readonly at: number
}

/** What a seller says of its answer to a challenge. */
export type ChallengeAnswer = {
  /** The agreement's id. */
  readonly agreement: Hex
  readonly root: Hex
  /** The challenge's nonce. */
  readonly nonce: Hex
  /** Keccak-256 of the answer's body. */
  readonly answer: Hex
}

/** What a seller signs of an offer. */
export function offerDigest(offer: Offer): Hex {
  return digest(offer, 'StorageOffer', offer)
}

/** What both sign of an agreement: its id. */
export function agreementDigest(agreement: Agreement): Hex {
  return digest(agreement, 'StorageAgreement', agreement)
}

/** What a seller signs when it has a piece. */
export function storedPieceDigest(domain: MarketDomain, stored: StoredPiece): Hex {
  return digest(domain, 'StoredPiece', stored)
}

/** What a seller signs when it answers a challenge. */
export function challengeAnswerDigest(domain: MarketDomain, answer: ChallengeAnswer): Hex {
  return digest(domain, 'ChallengeAnswer', answer)
}

/** Whether an account signed a digest. Signatures of 65 bytes, with a low s. */
export function isSigned(by: Address, digest: Hex, signature: Hex): boolean {
  try {
    return recoverSigner(fromHex(digest), compactSignature(signature)) === by.toLowerCase()
  } catch {
    return false
  }
}

function digest({ chainId, contract }: MarketDomain, primaryType: keyof typeof marketTypes, message: object): Hex {
  const domain = { name: 'Scrip Storage Market', version: '1', chainId, verifyingContract: contract }
  return hashTypedData({ domain, types: marketTypes, primaryType, message } as never)
}
