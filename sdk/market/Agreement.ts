import type { Address, Hex } from 'viem'
import { MAX_TOTAL } from '../channels/Channel.ts'
import { ScripError } from '../errors/ScripError.ts'
import type { Offer } from './Offer.ts'

/**
 * The storage contract of Turner and Ross (2003): for a price, so many bytes for a time, into which the buyer writes and out of
 * which it reads at agreed prices. Both sign its EIP-712 hash, `agreementDigest`, which is its id. Addresses are lower case,
 * amounts in base units.
 */
export type Agreement = {
  readonly chainId: number
  /** The `PaymentChannels` contract of the channel. */
  readonly contract: Address
  /** The hash of the offer that it accepts. */
  readonly offer: Hex
  readonly seller: Address
  readonly buyer: Address
  readonly currency: Address
  /** The channel by which the buyer pays: who pays by it writes and challenges. */
  readonly channelId: Hex
  /** Bytes. */
  readonly size: number
  /** Unix seconds. */
  readonly start: number
  /** Unix seconds from which the seller may forget everything. */
  readonly end: number
  /** The price of the block, paid at once. */
  readonly price: bigint
  readonly perKilobyteWritten: bigint
  readonly perKilobyteRead: bigint
  readonly perLeaf: bigint
  readonly mostLeaves: number
  readonly answerSeconds: number
  /** 32 bytes that make it unlike any other. */
  readonly nonce: Hex
}

/** An agreement with both signatures, of 65 bytes each, under its id. */
export type SignedAgreement = {
  readonly id: Hex
  readonly agreement: Agreement
  readonly buyerSignature: Hex
  readonly sellerSignature: Hex
}

/** An agreement as a buyer proposes it. */
export type Proposal = Omit<SignedAgreement, 'sellerSignature'>

/** What a buyer wants of an offer. */
export type Wish = {
  readonly currency: Address
  /** Bytes. */
  readonly size: number
  /** Unix seconds. */
  readonly start: number
  readonly seconds: number
}

/** What an agreement takes over from an offer. */
export type AgreedTerms = Pick<
  Agreement,
  | 'price'
  | 'perKilobyteWritten'
  | 'perKilobyteRead'
  | 'perLeaf'
  | 'mostLeaves'
  | 'answerSeconds'
  | 'size'
  | 'start'
  | 'end'
>

/**
 * What an offer makes of a wish.
 * @throws `CURRENCY_NOT_ACCEPTED`, and `AGREEMENT_MALFORMED` where it is beyond the offer's terms, or its price beyond 2^96−1
 */
export function termsFor(offer: Offer, { currency, size, start, seconds }: Wish): AgreedTerms {
  const asked = currency.toLowerCase()
  const price = offer.prices.find((one) => one.currency === asked)
  if (price === undefined) {
    const accepted = offer.prices.map((one) => one.currency)
    throw new ScripError('CURRENCY_NOT_ACCEPTED', {
      detail: `The seller is paid in ${accepted.join(', ')}, not in ${asked}.`,
      hint: 'Name a currency that the offer accepts.',
      values: { currency: asked, accepted },
    })
  }
  requireWithin('size', 'bytes', size, offer.minBytes, offer.maxBytes)
  requireWithin('seconds', 'seconds', seconds, offer.minSeconds, offer.maxSeconds)
  const blocks = started(size, offer.blockBytes) * started(seconds, offer.blockSeconds)
  const total = blocks * price.block
  if (total > MAX_TOTAL) {
    throw new ScripError('AGREEMENT_MALFORMED', {
      detail: `${blocks} blocks cost more than a channel can ever carry.`,
      values: { blocks, price: price.block },
    })
  }
  const { perKilobyteWritten, perKilobyteRead, perLeaf } = price
  const { mostLeaves, answerSeconds } = offer
  const end = start + seconds
  return { price: total, perKilobyteWritten, perKilobyteRead, perLeaf, mostLeaves, answerSeconds, size, start, end }
}

function requireWithin(what: string, unit: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return
  throw new ScripError('AGREEMENT_MALFORMED', {
    detail: `The offer is for ${least} to ${most} ${unit}, not for ${value}.`,
    values: { [what]: value, least, most },
  })
}

function started(amount: number, unit: number): bigint {
  return (BigInt(amount) + BigInt(unit) - 1n) / BigInt(unit)
}
