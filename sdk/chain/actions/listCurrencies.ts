import type { Address } from 'viem'
import { getContractEvents } from 'viem/actions'
import { currencyFactoryAbi as abi } from '../../abi/currencyFactory.ts'
import { addresses } from '../addresses.ts'
import { guarded, requireCode, type ScripClient } from '../transact.ts'

/** A currency as its creation announced it. */
export type ListedCurrency = {
  readonly currency: Address
  /** Who created it; `getCurrency` knows who issues it now. */
  readonly issuer: Address
  readonly name: string
  readonly symbol: string
  readonly decimals: number
  readonly blockNumber: bigint
}

/**
 * The currencies that were created, by one issuer where one is named. The `CurrencyCreated` log of `CurrencyFactory`.
 * @param parameters `fromBlock`: where to start reading; the first block where nothing is said.
 * @throws `NOT_DEPLOYED`, `RPC_UNREACHABLE`
 */
export async function listCurrencies(
  client: ScripClient,
  { issuer, fromBlock = 0n }: { issuer?: Address; fromBlock?: bigint } = {},
): Promise<ListedCurrency[]> {
  const address = addresses.currencyFactory
  const events = await guarded(abi, async () => {
    await requireCode(client, address)
    return getContractEvents(client, {
      address,
      abi,
      eventName: 'CurrencyCreated',
      ...(issuer && { args: { issuer } }),
      fromBlock,
      strict: true,
    })
  })
  return events.map(({ args, blockNumber }) => ({ ...args, blockNumber }))
}
