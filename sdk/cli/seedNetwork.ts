import type { Address } from 'viem'
import { createCurrency } from '../chain/actions/createCurrency.ts'
import { createNetwork } from '../chain/actions/createNetwork.ts'
import { mint } from '../chain/actions/mint.ts'
import { setPolicy } from '../chain/actions/setPolicy.ts'
import { RATIO_UNIT, setRatioTerms } from '../chain/actions/setRatioTerms.ts'
import { setWeight } from '../chain/actions/setWeight.ts'
import type { ScripClient } from '../chain/transact.ts'

/** What `seedNetwork` takes. */
export type SeedParameters = {
  issuer: ScripClient
  name: string
  symbol: string
  decimals: number
  /** Who gets how many base units. */
  grants: readonly { to: Address; amount: bigint }[]
  /** What a newcomer may consume, in base units. */
  allowance: bigint
}

/** Newcomers for whom there is an allowance in a day. */
const NEWCOMERS = 100n

const DAY = 24 * 3600

/**
 * A currency, and a network that values it one to one and admits who provided half of what it consumed beyond a newcomer's
 * allowance. The issuer is the network's steward.
 */
export async function seedNetwork(parameters: SeedParameters): Promise<{ currency: Address; networkId: bigint }> {
  const { issuer, name, symbol, decimals, grants, allowance } = parameters
  const { currency } = await createCurrency(issuer, { name, symbol, decimals })
  for (const { to, amount } of grants) await mint(issuer, { currency, to, amount })
  const { networkId } = await createNetwork(issuer, { epochLength: DAY })
  await setWeight(issuer, { networkId, currency })
  await setRatioTerms(issuer, {
    networkId,
    admitRatio: RATIO_UNIT / 2n,
    keepRatio: (RATIO_UNIT * 2n) / 5n,
    allowance,
    budget: NEWCOMERS * allowance,
    admissionPeriod: DAY,
  })
  await setPolicy(issuer, { networkId })
  return { currency, networkId }
}
