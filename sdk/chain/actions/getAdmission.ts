import { type Address, zeroAddress } from 'viem'
import { readContract } from 'viem/actions'
import { admissionControllerAbi as abi } from '../../abi/admissionController.ts'
import { ratioPolicyAbi } from '../../abi/ratioPolicy.ts'
import { addresses } from '../addresses.ts'
import { accountOf, guarded, type ScripClient } from '../transact.ts'

/** How a peer stands with a network. */
export type Admission = {
  readonly admitted: boolean
  /** When the admission ends or ended, in Unix seconds. */
  readonly validUntil: number
  /** Whether the policy would admit it now, without a proof. */
  readonly eligible: boolean
  /** What it may still consume and what it lacks, in the network's unit of value, where the ratio policy decides. */
  readonly ratio?: {
    readonly headroom: bigint
    readonly shortfall: bigint
    /** What it must provide for each unit that it consumes beyond the allowance; 1e18 is 1. */
    readonly admitRatio: bigint
  }
}

/**
 * Whether a network admits a peer, and what it would take. `AdmissionController.admission`, `IAdmissionPolicy.canAdmit`,
 * `RatioPolicy.headroom` and `shortfall`.
 * @throws `TRANSACTION_REVERTED` with `UnknownNetwork`, `RPC_UNREACHABLE`
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
    const asPolicy = { address: policy, abi: ratioPolicyAbi } as const
    const [eligible] = await readContract(client, {
      ...asPolicy,
      functionName: 'canAdmit',
      args: [networkId, peer, '0x'],
    })
    if (policy !== addresses.ratioPolicy) return { admitted, validUntil, eligible }
    const [headroom, shortfall, { admitRatio }] = await Promise.all([
      readContract(client, { ...asPolicy, functionName: 'headroom', args }),
      readContract(client, { ...asPolicy, functionName: 'shortfall', args }),
      readContract(client, { ...asPolicy, functionName: 'termsOf', args: [networkId] }),
    ])
    return { admitted, validUntil, eligible, ratio: { headroom, shortfall, admitRatio } }
  })
}
