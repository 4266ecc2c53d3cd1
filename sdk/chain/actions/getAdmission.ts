import {
  type Address,
  BaseError,
  ContractFunctionRevertedError,
  ContractFunctionZeroDataError,
  zeroAddress,
} from 'viem'
import { readContract } from 'viem/actions'
import { admissionControllerAbi as abi } from '../../abi/admissionController.ts'
import { ratioPolicyAbi } from '../../abi/ratioPolicy.ts'
import { addresses } from '../addresses.ts'
import { accountOf, guarded, type ScripClient } from '../transact.ts'
import { getTotals } from './getTotals.ts'

/** How a peer stands with a network. */
export type Admission = {
  readonly admitted: boolean
  /** When the admission ends or ended, in Unix seconds. */
  readonly validUntil: number
  /** The network's policy contract; nothing where it has none, and then nobody can be admitted. */
  readonly policy?: Address
  /** Whether the policy would admit it now, without a proof. */
  readonly eligible: boolean
  /** What decides where the policy is the ratio policy, in the network's unit of value. */
  readonly ratio?: RatioStanding
}

/** How a peer stands by the ratio policy. */
export type RatioStanding = {
  /** What it may still consume. */
  readonly headroom: bigint
  /** What it lacks provided. */
  readonly shortfall: bigint
  readonly provided: bigint
  readonly consumed: bigint
  /** What it may consume before it has to provide. */
  readonly allowance: bigint
  /** What it must provide for each unit that it consumes beyond the allowance; 1e18 is 1, and 0 that no terms are set. */
  readonly admitRatio: bigint
}

/**
 * Whether a network admits a peer, and what it would take. `AdmissionController.admission`, `IAdmissionPolicy.canAdmit`,
 * `RatioPolicy.headroom` and `shortfall`.
 * @throws `TRANSACTION_REVERTED` with `UnknownNetwork`, `NOT_DEPLOYED`, `RPC_UNREACHABLE`
 */
export async function getAdmission(
  client: ScripClient,
  { networkId, peer = accountOf(client).address }: { networkId: bigint; peer?: Address },
): Promise<Admission> {
  const controller = { address: addresses.admissionController, abi } as const
  const args = [networkId, peer] as const
  return guarded(ratioPolicyAbi, async () => {
    const [[admitted, validUntil], policy] = await Promise.all([
      readContract(client, { ...controller, functionName: 'admission', args }),
      readContract(client, { ...controller, functionName: 'policyOf', args: [networkId] }),
    ])
    if (policy === zeroAddress) return { admitted, validUntil, eligible: false }
    const standing = { admitted, validUntil, policy, eligible: await canAdmit(client, policy, networkId, peer) }
    return policy === addresses.ratioPolicy ? { ...standing, ratio: await getRatio(client, networkId, peer) } : standing
  })
}

/** A policy that reverts without a proof, or is no contract at all, does not admit without one. */
async function canAdmit(client: ScripClient, policy: Address, networkId: bigint, peer: Address): Promise<boolean> {
  try {
    const [ok] = await readContract(client, {
      address: policy,
      abi: ratioPolicyAbi,
      functionName: 'canAdmit',
      args: [networkId, peer, '0x'],
    })
    return ok
  } catch (error) {
    const kinds = [ContractFunctionRevertedError, ContractFunctionZeroDataError]
    if (error instanceof BaseError && kinds.some((kind) => error.walk((cause) => cause instanceof kind))) return false
    throw error
  }
}

async function getRatio(client: ScripClient, networkId: bigint, peer: Address): Promise<RatioStanding> {
  const policy = { address: addresses.ratioPolicy, abi: ratioPolicyAbi } as const
  const args = [networkId, peer] as const
  const [headroom, shortfall, { admitRatio, allowance }, { provided, consumed }] = await Promise.all([
    readContract(client, { ...policy, functionName: 'headroom', args }),
    readContract(client, { ...policy, functionName: 'shortfall', args }),
    readContract(client, { ...policy, functionName: 'termsOf', args: [networkId] }),
    getTotals(client, { networkId, peer }),
  ])
  return { headroom, shortfall, provided, consumed, allowance, admitRatio }
}
