import { MAX_TOTAL } from '../channels/Channel.ts'
import { ScripError } from '../errors/ScripError.ts'

/** Bytes that a price per kilobyte is for. */
export const KILOBYTE = 1_024

/** Milliseconds that a price per second is for. */
export const SECOND = 1_000

/** Started kilobytes in a number of bytes. */
export function kilobytes(bytes: number): number {
  return Math.ceil(bytes / KILOBYTE)
}

/**
 * What something costs, in base units: a whole answer (`perCall`), each started 1,024 bytes of its body (`perKilobyte`), or
 * each started second from its head to its end (`perSecond`).
 */
export type Price = { readonly perCall: bigint } | { readonly perKilobyte: bigint } | { readonly perSecond: bigint }

/** What a price is for one of. */
export type Unit = 'call' | 'kilobyte' | 'second'

/** The price of one piece, in base units. */
export type Rate = { readonly unit: Unit; readonly amount: bigint }

/**
 * A price by its unit.
 * @throws `INVALID_ARGUMENT` where it names no unit or several, or is not between 1 and 2^96−1 base units
 */
export function rateOf(price: Price): Rate {
  const { perCall, perKilobyte, perSecond, ...others } = price as { [name: string]: unknown }
  const rates = [
    { unit: 'call', amount: perCall },
    { unit: 'kilobyte', amount: perKilobyte },
    { unit: 'second', amount: perSecond },
  ].filter(({ amount }) => amount !== undefined)
  const [rate] = rates
  const isPrice = typeof rate?.amount === 'bigint' && rate.amount > 0n && rate.amount <= MAX_TOTAL
  if (rates.length === 1 && isPrice && Object.keys(others).length === 0) return rate as Rate
  throw new ScripError('INVALID_ARGUMENT', {
    detail: 'A price is perCall, perKilobyte or perSecond, in base units above 0, as a bigint.',
    values: { price },
  })
}

/** A rate as headers hold it: `5/kilobyte`. */
export function writeRate({ unit, amount }: Rate): string {
  return `${amount}/${unit}`
}

/** The rate in a header; nothing where it is absent or none. */
export function readRate(value: unknown): Rate | undefined {
  const [, amount, unit] = (typeof value === 'string' && /^([1-9]\d{0,28})\/(call|kilobyte|second)$/.exec(value)) || []
  return amount === undefined ? undefined : { unit: unit as Unit, amount: BigInt(amount) }
}
