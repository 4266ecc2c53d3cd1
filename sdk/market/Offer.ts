import type { Address, Hex } from 'viem'

/** What a seller asks in one currency. Amounts in base units, each from 1 to 2^96−1. */
export type OfferPrice = {
  readonly currency: Address
  /** For each started `blockBytes` of space, for each started `blockSeconds` of time. */
  readonly block: bigint
  /** For each started 1,024 bytes that are written. */
  readonly perKilobyteWritten: bigint
  /** For each started 1,024 bytes that are read. */
  readonly perKilobyteRead: bigint
  /** For each leaf of a challenge. */
  readonly perLeaf: bigint
}

/**
 * What a seller offers to whoever accepts it: space for a time. What is signed is its EIP-712 hash, `offerDigest`. Addresses
 * are lower case.
 */
export type Offer = {
  readonly chainId: number
  /** The `PaymentChannels` contract through which the seller is paid. */
  readonly contract: Address
  readonly seller: Address
  readonly resource: 'storage'
  /** Bytes that were for sale when it was signed. */
  readonly capacity: number
  /** What the block price is for: so many bytes for so many seconds. */
  readonly blockBytes: number
  readonly blockSeconds: number
  /** At least one, each in another currency. */
  readonly prices: readonly OfferPrice[]
  /** The smallest and the largest space, in bytes. */
  readonly minBytes: number
  readonly maxBytes: number
  /** The shortest and the longest time, in seconds. */
  readonly minSeconds: number
  readonly maxSeconds: number
  /** Leaves that one challenge may ask for. */
  readonly mostLeaves: number
  /** Seconds within which a challenge is answered. */
  readonly answerSeconds: number
  /** Unix seconds. */
  readonly issuedAt: number
  /** Unix seconds from which it binds nobody any more. */
  readonly expiresAt: number
  /** Where the seller is reached, as it was written there: `https://storage.example`. */
  readonly endpoints: readonly string[]
  /** Where the bytes will lie, in the seller's own words. */
  readonly region: string
  /** Who runs the seller: sellers that share an operator fail together. */
  readonly operator: string
  /** 32 bytes that make it unlike any other. */
  readonly nonce: Hex
}

/** An offer with its seller's signature of 65 bytes. */
export type SignedOffer = { readonly offer: Offer; readonly signature: Hex }
