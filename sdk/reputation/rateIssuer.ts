import { ScripError } from '../errors/ScripError.ts'

/** What became of an issuer's promises, in base units of its currency: `IssuerCurrency.record()`. */
export type IssuerRecord = {
  readonly minted: bigint
  readonly redeemed: bigint
  readonly defaulted: bigint
  readonly disputed: bigint
  readonly lapsed: bigint
}

export type IssuerRatingOptions = {
  /** What the issuer owes on its own purses and deposits, in the same base units (`debtsByPayer`); 0 where not given. */
  readonly bounced?: bigint | undefined
  /**
   * How much an issuer must have redeemed, in base units, until it is half believed; a tenth of what is outstanding where
   * not given, so that who promises much has much to prove.
   */
  readonly doubt?: bigint | undefined
}

export type IssuerRating = {
  /** From 0, nothing kept or nothing known, to nearly 1. */
  readonly score: number
  /** What was minted and neither redeemed nor burned in a dispute: the promises that are still open. */
  readonly outstanding: bigint
}

/**
 * How far an issuer's promises are worth their face: kept / (kept + broken + doubt), the expected rate of kept promises by
 * value with prior doubt (Jøsang and Ismail 2002, "The Beta Reputation System"), no prior trust given. A default and a bounce
 * are broken in full. A dispute counts half, because the holder alone says so, at the price of its own currency; a request
 * that lapsed a tenth, because it costs whoever makes it nothing.
 *
 * An issuer can redeem from itself, for nothing but gas: weigh the score by whether you know any of the holders.
 *
 * @throws INVALID_ARGUMENT if an amount is not a bigint from 0, or less was minted than redeemed and disputed.
 */
export function rateIssuer(record: IssuerRecord, { bounced = 0n, doubt }: IssuerRatingOptions = {}): IssuerRating {
  const { minted, redeemed, defaulted, disputed, lapsed } = record
  const outstanding = minted - redeemed - disputed
  const amounts = [minted, redeemed, defaulted, disputed, lapsed, bounced, doubt ?? 0n]
  if (amounts.some((amount) => typeof amount !== 'bigint' || amount < 0n) || outstanding < 0n) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: 'The record holds what is not a bigint from 0, or less was minted than came back',
      hint: 'Give what record() returned.',
      values: { ...record, bounced, doubt },
    })
  }
  const kept = Number(redeemed)
  const broken = Number(defaulted) + Number(bounced) + Number(disputed) / 2 + Number(lapsed) / 10
  const all = kept + broken + (doubt === undefined ? Number(outstanding) / 10 : Number(doubt))
  return { score: kept === 0 ? 0 : kept / all, outstanding }
}
