import { believed, type Experience, pooled } from './estimateFailure.ts'

/** What one of a seller's consumers says of it in a network's history. Both in the network's unit of value. */
export type Testimony = {
  readonly served: bigint
  /** What the consumer took back of it. */
  readonly faulted: bigint
  /** How far the consumer is believed, from 0 to 1: its reputation. */
  readonly trust: number
}

/**
 * What a history says of a seller. It holds values and no times: each consumer counts as one that watched the seller for a whole
 * term of so many seconds, and saw it lose as large a part as was taken back, all of it as far as the consumer is believed. So a
 * thousand consumers that nobody trusts, the seller's own for example, say nothing.
 *
 * @throws `INVALID_ARGUMENT` where a trust is not from 0 to 1
 */
export function experienceOf(testimonies: readonly Testimony[], seconds: number): Experience {
  return pooled(
    testimonies
      .filter(({ served }) => served > 0n)
      .map(({ served, faulted, trust }) => {
        const losses = faulted >= served ? 1 : Number((faulted * 1_000_000n) / served) / 1_000_000
        return believed({ seconds, losses }, trust)
      }),
  )
}
