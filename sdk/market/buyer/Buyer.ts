import type { Address, Hex } from 'viem'
import type { SignedAgreement } from '../Agreement.ts'
import type { SignedOffer } from '../Offer.ts'
import type { Challenge } from '../paths.ts'
import type { StoredPiece } from '../statements.ts'
import type { StatedFailures } from './stateFailures.ts'

/** An agreement as its buyer keeps it. */
export type BuyerAgreement = SignedAgreement & {
  /** Where the seller is reached. */
  readonly url: string
  readonly offer: SignedOffer
}

/** A piece as its buyer keeps it: the root is all that is needed to know it again. */
export type BuyerPiece = {
  /** The agreement's id. */
  readonly agreement: Hex
  readonly root: Hex
  /** Bytes. */
  readonly size: number
  /** What the seller signed when it had it whole; nothing before. */
  readonly stored?: { readonly statement: StoredPiece; readonly signature: Hex }
}

/** How a seller failed a challenge: it said that the piece is gone, gave other bytes, or gave no answer in time. */
export type FailureKind = 'lost' | 'altered' | 'unanswered'

/** A challenge that a seller failed, with all that shows it. */
export type Failure = {
  readonly kind: FailureKind
  readonly agreement: Hex
  readonly root: Hex
  readonly seller: Address
  readonly challenge: Challenge
  /** Unix seconds. */
  readonly at: number
  /** Base units that the buyer had paid for the piece: its part of the block, and its writing. */
  readonly value: bigint
  /** What the seller answered, and its signature of that; nothing where it gave no answer. */
  readonly answer?: { readonly status: number; readonly body: string; readonly signature?: Hex }
}

/** What came of a challenge. */
export type ChallengeOutcome =
  | { readonly isHeld: true; readonly challenge: Challenge }
  | { readonly isHeld: false; readonly failure: Failure }

/** Told how many bytes of a piece are there, of how many. */
export type OnProgress = (done: number, total: number) => void

/** Buys storage: agreements, pieces under them, and proof that they are held. What it knows is in its store. */
export type Buyer = {
  /**
   * A seller's newest offer.
   * @param url Where the seller is reached: one of the endpoints in the offer
   * @throws `NOT_FOUND` where none is for sale, `OFFER_MALFORMED`, `OFFER_ALTERED`, `OFFER_EXPIRED`, `OFFER_REPLAYED` where it is
   * of another seller, `CLOCK_SKEW`, `PEER_UNREACHABLE`
   */
  readOffer(url: string): Promise<SignedOffer>
  /**
   * Accepts an offer, and pays the price of the block. Where the same was proposed before and its answer never came, that is
   * proposed again: a seller that has it is not paid twice.
   * @throws What `readOffer` throws of an offer, `SELLER_DUPLICATED`, `CURRENCY_NOT_ACCEPTED`, `AGREEMENT_MALFORMED`,
   * `AGREEMENT_ALTERED`, `OFFER_OVERSOLD`, `WRONG_CHAIN`, and what paying throws
   */
  agree(parameters: {
    readonly offer: SignedOffer
    readonly url: string
    /** Bytes. */
    readonly size: number
    /** From now on. */
    readonly seconds: number
    /** The first that the offer accepts where nothing is said. */
    readonly currency?: Address
  }): Promise<BuyerAgreement>
  /**
   * Stores a file's bytes as they are: encrypt before. What the seller has already is neither sent nor paid again.
   * @throws `AGREEMENT_UNKNOWN`, `AGREEMENT_EXPIRED`, `AGREEMENT_EXCEEDED`, `PIECE_ALTERED` where the file changed meanwhile,
   * `DISK_FULL`, `TRANSFER_INTERRUPTED`, `PEER_UNREACHABLE`, and what paying throws
   */
  storePiece(parameters: {
    readonly agreement: Hex
    /** The file. */
    readonly path: string
    readonly onProgress?: OnProgress
    readonly signal?: AbortSignal
  }): Promise<BuyerPiece>
  /**
   * Writes a piece to a file, by way of `<path>.part`: what is there already is not paid again.
   * @throws `PIECE_UNKNOWN`, `PIECE_ALTERED` where the seller gave other bytes, and then nothing is left of them,
   * `AGREEMENT_EXPIRED`, `TRANSFER_INTERRUPTED`, `PEER_UNREACHABLE`, and what paying throws
   */
  fetchPiece(parameters: {
    readonly agreement: Hex
    readonly root: Hex
    readonly path: string
    readonly onProgress?: OnProgress
    readonly signal?: AbortSignal
  }): Promise<void>
  /**
   * Asks for leaves of a piece that nobody could foresee. A failure is kept with its evidence. A seller has the seconds that
   * were agreed to answer, and may fail for as long; what this side lacks is thrown, and nobody's failure.
   * @throws `PIECE_UNKNOWN` where the buyer never stored it, `AGREEMENT_EXPIRED`, `RPC_UNREACHABLE` where neither the seller nor
   * the chain can be reached, and what paying throws
   */
  challenge(parameters: {
    readonly agreement: Hex
    readonly root: Hex
    /** How many leaves; 8, or as many as there are or were agreed, where nothing is said. */
    readonly leaves?: number
    readonly signal?: AbortSignal
  }): Promise<ChallengeOutcome>
  /** Every agreement, the oldest first. */
  agreements(): Promise<BuyerAgreement[]>
  /** Every piece, under way or whole. */
  pieces(): Promise<BuyerPiece[]>
  /** Every failed challenge, the oldest first. */
  failures(): Promise<Failure[]>
  /**
   * States in a network's history what failed: the buyer's own edges to the sellers get lower by what it paid for the pieces,
   * and nobody else's. Stated again, nothing is added.
   * @returns What was stated, by seller; nothing where there is nothing new
   * @throws `TRANSACTION_REVERTED`, and what sending a transaction throws
   */
  stateFailures(parameters: { readonly networkId: bigint }): Promise<StatedFailures[]>
}
