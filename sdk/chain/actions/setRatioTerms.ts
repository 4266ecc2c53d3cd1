import { type Address, zeroAddress } from 'viem'
import { ratioPolicyAbi as abi } from '../../abi/ratioPolicy.ts'
import { addresses } from '../addresses.ts'
import { encodeCall } from '../encodeCall.ts'
import { type ScripClient, type Transaction, transact } from '../transact.ts'

/** A ratio of 1 as the ratio policy takes it. */
export const RATIO_UNIT = 10n ** 18n

/** The ratio policy's terms in a network. */
export type RatioTerms = {
  /** What a peer must have provided for each unit consumed beyond the allowance to be admitted; 1e18 is 1. */
  admitRatio: bigint
  /** Below this it can be expelled; at most `admitRatio`. */
  keepRatio: bigint
  /** What a newcomer that claimed it may consume before it has to provide, in the network's unit of value. */
  allowance: bigint
  /** The most that newcomers may claim in an epoch together; 0 only where the allowance is 0. */
  budget: bigint
  /** The policy that newcomers satisfy to claim, as one that wants a bond; claims are open to everybody where nothing is said. */
  claimPolicy?: Address
  /** Seconds that an admission lasts. */
  admissionPeriod: number
}

/**
 * Sets the ratio policy's terms in a network. Steward only. `RatioPolicy.setTerms`.
 * @throws `TRANSACTION_REVERTED` with `OnlySteward`, `InvalidRatios`, `InvalidAdmissionPeriod`, `InvalidBudget` or
 * `InvalidClaimPolicy`, and what `transact` throws
 */
export async function setRatioTerms(
  client: ScripClient,
  { networkId, claimPolicy = zeroAddress, ...terms }: RatioTerms & { networkId: bigint },
): Promise<Transaction> {
  const data = encodeCall({ abi, functionName: 'setTerms', args: [networkId, { ...terms, claimPolicy }] })
  const { hash, receipt } = await transact(client, { to: addresses.ratioPolicy, abi, data })
  return { hash, receipt }
}
