import type { Address } from 'viem'
import { readContract } from 'viem/actions'
import { issuerCurrencyAbi as abi } from '../../abi/issuerCurrency.ts'
import { requireCurrency } from '../requireCurrency.ts'
import { guarded, type ScripClient } from '../transact.ts'

/** What a currency says of itself. Amounts in base units. */
export type Currency = {
  readonly address: Address
  readonly issuer: Address
  readonly name: string
  readonly symbol: string
  readonly decimals: number
  readonly totalSupply: bigint
  readonly maxSupply: bigint
  readonly feeFlat: bigint
  /** Ten-thousandths. */
  readonly feeBps: number
  /** Seconds. */
  readonly redemptionWindow: number
  readonly contractURI: string
}

/**
 * A currency's terms and supply. `IssuerCurrency`'s views.
 * @throws `UNKNOWN_CURRENCY`, `NOT_DEPLOYED`, `RPC_UNREACHABLE`
 */
export async function getCurrency(client: ScripClient, { currency }: { currency: Address }): Promise<Currency> {
  await requireCurrency(client, currency)
  const contract = { address: currency, abi } as const
  return guarded(abi, async () => {
    const [issuer, name, symbol, decimals, totalSupply, maxSupply, feeFlat, feeBps, redemptionWindow, contractURI] =
      await Promise.all([
        readContract(client, { ...contract, functionName: 'issuer' }),
        readContract(client, { ...contract, functionName: 'name' }),
        readContract(client, { ...contract, functionName: 'symbol' }),
        readContract(client, { ...contract, functionName: 'decimals' }),
        readContract(client, { ...contract, functionName: 'totalSupply' }),
        readContract(client, { ...contract, functionName: 'maxSupply' }),
        readContract(client, { ...contract, functionName: 'feeFlat' }),
        readContract(client, { ...contract, functionName: 'feeBps' }),
        readContract(client, { ...contract, functionName: 'redemptionWindow' }),
        readContract(client, { ...contract, functionName: 'contractURI' }),
      ])
    return {
      address: currency,
      issuer,
      name,
      symbol,
      decimals,
      totalSupply,
      maxSupply,
      feeFlat,
      feeBps,
      redemptionWindow,
      contractURI,
    }
  })
}
