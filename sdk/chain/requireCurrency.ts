import type { Address } from 'viem'
import { readContract } from 'viem/actions'
import { currencyFactoryAbi as abi } from '../abi/currencyFactory.ts'
import { ScripError } from '../errors/ScripError.ts'
import { addresses } from './addresses.ts'
import { guarded, requireCode, type ScripClient } from './transact.ts'

/** @throws `UNKNOWN_CURRENCY` where the address is no currency of the factory; `NOT_DEPLOYED` where there is no factory. */
export async function requireCurrency(client: ScripClient, currency: Address): Promise<void> {
  const known = await guarded(abi, async () => {
    await requireCode(client, addresses.currencyFactory)
    return readContract(client, {
      address: addresses.currencyFactory,
      abi,
      functionName: 'isCurrency',
      args: [currency],
    })
  })
  if (!known) {
    throw new ScripError('UNKNOWN_CURRENCY', { detail: `${currency} is no issuer currency.`, values: { currency } })
  }
}
