import {
  type Address,
  BaseError,
  ContractFunctionRevertedError,
  ContractFunctionZeroDataError,
  type Hex,
  zeroAddress,
} from 'viem'
import { readContract } from 'viem/actions'
import { admissionControllerAbi as abi } from '../../abi/admissionController.ts'
import { bondPolicyAbi } from '../../abi/bondPolicy.ts'
import { flowPolicyAbi } from '../../abi/flowPolicy.ts'
import { interactionHistoryAbi } from '../../abi/interactionHistory.ts'
import { ratioPolicyAbi } from '../../abi/ratioPolicy.ts'
import { addresses } from '../addresses.ts'
import { accountOf, guarded, type ScripClient } from '../transact.ts'
import { type PolicyTree, type Proofs, policyProof, readPolicy } from './policyProof.ts'

/** How a peer stands with a network. */
export type Admission = {
  readonly admitted: boolean
  /** When the admission ends or ended, in Unix seconds. */
  readonly validUntil: number
  /** Whether the network's policy would admit it now, with the proofs that were given. */
  readonly eligible: boolean
  /** How it stands by the network's policy; nothing where that has none, and then nobody can be admitted. */
  readonly standing?: Standing
}

/** How a peer stands by a policy: one of its kinds, or one that this package does not know. */
export type Standing = RatioStanding | FlowStanding | BondStanding | CompositeStanding | OtherStanding

/** What is known of a peer by every policy. */
type ByPolicy = {
  readonly policy: Address
  /** Whether the policy would admit it now, with the proofs that were given. */
  readonly eligible: boolean
}

/** By the ratio policy; values in the network's unit. */
export type RatioStanding = ByPolicy & {
  readonly kind: 'ratio'
  /** What it may still consume. */
  readonly headroom: bigint
  /** What it lacks provided. */
  readonly shortfall: bigint
  readonly provided: bigint
  readonly consumed: bigint
  /** What it may consume before it has to provide: what it claimed. */
  readonly allowance: bigint
  /** What it could claim now; 0 where it claimed, or where newcomers took the epoch's budget. */
  readonly claimable: bigint
  /** Whom claims are open to; nothing where that is everybody. */
  readonly claimPolicy?: Address
  /** What it must provide for each unit that it consumes beyond the allowance; 1e18 is 1, and 0 that no terms are set. */
  readonly admitRatio: bigint
}

/** By the flow policy, which decides by a proof; flows in the network's unit of value. */
export type FlowStanding = ByPolicy & {
  readonly kind: 'flow'
  /** The peers that others are measured from; none where no terms are set. */
  readonly seeds: readonly Address[]
  /** What is to flow from them to the peer. */
  readonly admitFlow: bigint
}

/** By the bond policy; amounts in base units of the token. */
export type BondStanding = ByPolicy & {
  readonly kind: 'bond'
  readonly token: Address
  /** What is to be locked; 0 where no terms are set. */
  readonly amount: bigint
  /** Seconds that an admission lasts at most. */
  readonly admissionPeriod: number
  readonly bonded: bigint
  /** Unix seconds. */
  readonly lockedUntil: number
}

/** By a policy that is made of others. */
export type CompositeStanding = ByPolicy & { readonly kind: 'allOf' | 'anyOf'; readonly parts: readonly Standing[] }

/** By a policy of which nothing else is known. */
export type OtherStanding = ByPolicy & { readonly kind: 'other' }

/** Whose standing, with whom, by which proofs, and as of which block. */
type Question = { networkId: bigint; peer: Address; proofs?: Proofs; blockNumber?: bigint }

/**
 * Whether a network admits a peer, and what it would take. `AdmissionController.admission`, `IAdmissionPolicy.canAdmit`,
 * and what the policies of this package know of the peer, through all parts of composite ones.
 * @param proofs What policies ask for, by their addresses; without them the peer is not eligible by theirs.
 * @param blockNumber As of when; now where nothing is said.
 * @throws `TRANSACTION_REVERTED` with `UnknownNetwork`, `NOT_DEPLOYED`, `RPC_UNREACHABLE`
 */
export async function getAdmission(
  client: ScripClient,
  { peer = accountOf(client).address, ...rest }: Omit<Question, 'peer'> & { peer?: Address },
): Promise<Admission> {
  const question = { ...rest, peer }
  const { networkId, blockNumber } = question
  const controller = { address: addresses.admissionController, abi, ...at(blockNumber) } as const
  return guarded(ratioPolicyAbi, async () => {
    const [[admitted, validUntil], policy] = await Promise.all([
      readContract(client, { ...controller, functionName: 'admission', args: [networkId, peer] }),
      readContract(client, { ...controller, functionName: 'policyOf', args: [networkId] }),
    ])
    if (policy === zeroAddress) return { admitted, validUntil, eligible: false }
    const standing = await getStanding(client, await readPolicy(client, { networkId, policy, blockNumber }), question)
    return { admitted, validUntil, eligible: standing.eligible, standing }
  })
}

async function getStanding(client: ScripClient, tree: PolicyTree, question: Question): Promise<Standing> {
  const { policy, parts } = tree
  const proof = policyProof(tree, question.proofs)
  const asked = canAdmit(client, policy, question, proof)
  if (parts !== undefined) {
    const standings = await Promise.all(parts.map((part) => getStanding(client, part, question)))
    const kind = policy === addresses.allOfPolicy ? 'allOf' : 'anyOf'
    return { kind, policy, eligible: await asked, parts: standings }
  }
  if (policy === addresses.ratioPolicy) {
    const [eligible, ratio] = await Promise.all([asked, getRatio(client, question)])
    return { kind: 'ratio', policy, eligible, ...ratio }
  }
  if (policy === addresses.bondPolicy) {
    const [eligible, bond] = await Promise.all([asked, getBondStanding(client, question)])
    return { kind: 'bond', policy, eligible, ...bond }
  }
  if (policy === addresses.flowPolicy) {
    const [eligible, { seeds, admitFlow }] = await Promise.all([asked, getFlow(client, question)])
    return { kind: 'flow', policy, eligible, seeds, admitFlow }
  }
  return { kind: 'other', policy, eligible: await asked }
}

/** A policy that reverts without a proof, or is no contract at all, does not admit without one. */
async function canAdmit(
  client: ScripClient,
  policy: Address,
  { networkId, peer, blockNumber }: Question,
  proof: Hex,
): Promise<boolean> {
  try {
    const [ok] = await readContract(client, {
      address: policy,
      abi: ratioPolicyAbi,
      functionName: 'canAdmit',
      args: [networkId, peer, proof],
      ...at(blockNumber),
    })
    return ok
  } catch (error) {
    const kinds = [ContractFunctionRevertedError, ContractFunctionZeroDataError]
    if (error instanceof BaseError && kinds.some((kind) => error.walk((cause) => cause instanceof kind))) return false
    throw error
  }
}

async function getRatio(
  client: ScripClient,
  { networkId, peer, blockNumber }: Question,
): Promise<Omit<RatioStanding, keyof ByPolicy | 'kind'>> {
  const policy = { address: addresses.ratioPolicy, abi: ratioPolicyAbi, ...at(blockNumber) } as const
  const history = { address: addresses.interactionHistory, abi: interactionHistoryAbi, ...at(blockNumber) } as const
  const args = [networkId, peer] as const
  const [headroom, shortfall, terms, allowance, left, [provided, consumed]] = await Promise.all([
    readContract(client, { ...policy, functionName: 'headroom', args }),
    readContract(client, { ...policy, functionName: 'shortfall', args }),
    readContract(client, { ...policy, functionName: 'termsOf', args: [networkId] }),
    readContract(client, { ...policy, functionName: 'allowanceOf', args }),
    readContract(client, { ...policy, functionName: 'budgetLeft', args: [networkId] }),
    readContract(client, { ...history, functionName: 'totals', args }),
  ])
  const { admitRatio, claimPolicy } = terms
  const claimable = allowance === 0n && left >= terms.allowance ? terms.allowance : 0n
  const open = claimPolicy === zeroAddress
  return {
    headroom,
    shortfall,
    provided,
    consumed,
    allowance,
    claimable,
    admitRatio,
    ...(!open && { claimPolicy }),
  }
}

function getFlow(client: ScripClient, { networkId, blockNumber }: Question) {
  const policy = { address: addresses.flowPolicy, abi: flowPolicyAbi, ...at(blockNumber) } as const
  return readContract(client, { ...policy, functionName: 'termsOf', args: [networkId] })
}

async function getBondStanding(
  client: ScripClient,
  { networkId, peer, blockNumber }: Question,
): Promise<Omit<BondStanding, keyof ByPolicy | 'kind'>> {
  const policy = { address: addresses.bondPolicy, abi: bondPolicyAbi, ...at(blockNumber) } as const
  const { token, amount, admissionPeriod } = await readContract(client, {
    ...policy,
    functionName: 'termsOf',
    args: [networkId],
  })
  const [bonded, lockedUntil] = await readContract(client, {
    ...policy,
    functionName: 'bondOf',
    args: [networkId, peer, token],
  })
  return { token, amount, admissionPeriod, bonded, lockedUntil }
}

/** As of a block, or as of now. */
function at(blockNumber: bigint | undefined): { blockNumber?: bigint } {
  return blockNumber === undefined ? {} : { blockNumber }
}
