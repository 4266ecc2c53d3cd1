import type { Address } from 'viem'
import { readContract } from 'viem/actions'
import { issuerCurrencyAbi as abi } from '../../abi/issuerCurrency.ts'
import { requireCurrency } from '../requireCurrency.ts'
import { guarded, type ScripClient } from '../transact.ts'

/** What an issuer's credit rating is computed from, in base units. */
export type IssuerRecord = {
  /** Everything ever minted. */
  readonly minted: bigint
  /** Handed back and burned, with the holder's word or silence. */
  readonly redeemed: bigint
  /** Accepted and not fulfilled in time: returned. */
  readonly defaulted: bigint
  /** Fulfilled by the issuer's word and denied by the holder's: burned. */
  readonly disputed: bigint
  /** Never accepted: returned. */
  readonly lapsed: bigint
}

/**
 * An issuer's record with one of its currencies. `IssuerCurrency.record`.
 * @throws `UNKNOWN_CURRENCY`, `RPC_UNREACHABLE`
 */
export async function getRecord(client: ScripClient, { currency }: { currency: Address }): Promise<IssuerRecord> {
  await requireCurrency(client, currency)
  const [minted, redeemed, defaulted, disputed, lapsed] = await guarded(abi, () =>
    readContract(client, { address: currency, abi, functionName: 'record' }),
  )
  return { minted, redeemed, defaulted, disputed, lapsed }
}
