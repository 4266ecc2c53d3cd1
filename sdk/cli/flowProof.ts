import { type Address, isAddressEqual } from 'viem'
import { readContract } from 'viem/actions'
import { admissionControllerAbi as abi } from '../abi/admissionController.ts'
import { getClosedEdges } from '../chain/actions/getClosedEdges.ts'
import { getFlowTerms } from '../chain/actions/getFlowTerms.ts'
import { type PolicyTree, type Proofs, readPolicy } from '../chain/actions/policyProof.ts'
import type { FlowTerms } from '../chain/actions/setFlowTerms.ts'
import { verifyFlow } from '../chain/actions/verifyFlow.ts'
import { addresses } from '../chain/addresses.ts'
import { encodeFlowCut, encodeFlowWitness } from '../chain/flowProofs.ts'
import { guarded, type ScripClient } from '../chain/transact.ts'
import { Graph } from '../reputation/Graph.ts'
import { type FlowProof, proveFlow } from '../reputation/proveFlow.ts'
import { readEdges } from './network.ts'

/** A proof that the chain checked, and the epoch that it is good for. */
export type CheckedProof = FlowProof & { readonly epoch: number }

/** Proves what a peer is worth in the eyes of others from the chain's history, and has the chain check it. */
export async function proveOnChain(
  client: ScripClient,
  networkId: bigint,
  sources: readonly Address[],
  target: Address,
): Promise<CheckedProof> {
  const { epoch, edges } = await getClosedEdges(client, { networkId, edges: await readEdges(client, networkId) })
  const proof = proveFlow(Graph.fromEdges(edges), sources, target)
  const { least, most } = await verifyFlow(client, { networkId, epoch, ...proof })
  return { ...proof, epoch, least, most }
}

/** The flow policy's terms where it decides in a network, alone or with others, and they are set. */
export async function flowTermsOf(client: ScripClient, networkId: bigint): Promise<FlowTerms | undefined> {
  const policy = await guarded(abi, () =>
    readContract(client, {
      address: addresses.admissionController,
      abi,
      functionName: 'policyOf',
      args: [networkId],
    }),
  )
  if (!hasFlow(await readPolicy(client, { networkId, policy }))) return undefined
  const terms = await getFlowTerms(client, { networkId })
  return terms.seeds.length === 0 ? undefined : terms
}

function hasFlow({ policy, parts = [] }: PolicyTree): boolean {
  return isAddressEqual(policy, addresses.flowPolicy) || parts.some(hasFlow)
}

/** What a peer is worth in the eyes of a network's seed peers; nothing where flow does not decide, or the peer is a seed. */
export async function proveFromSeeds(
  client: ScripClient,
  networkId: bigint,
  peer: Address,
): Promise<{ terms: FlowTerms; proof: CheckedProof } | undefined> {
  const terms = await flowTermsOf(client, networkId)
  if (terms === undefined || terms.seeds.some((seed) => isAddressEqual(seed, peer))) return undefined
  return { terms, proof: await proveOnChain(client, networkId, terms.seeds, peer) }
}

/** What a network's flow policy is to be shown so that it admits a peer: a flow, where flow decides. */
export async function proofsToAdmit(client: ScripClient, networkId: bigint, peer: Address): Promise<Proofs> {
  const found = await proveFromSeeds(client, networkId, peer)
  return found === undefined ? {} : { [addresses.flowPolicy]: encodeFlowWitness(found.proof) }
}

/** What a network's flow policy is to be shown so that it expels a peer: a cut, where flow decides. */
export async function proofsToExpel(client: ScripClient, networkId: bigint, peer: Address): Promise<Proofs> {
  const found = await proveFromSeeds(client, networkId, peer)
  return found === undefined ? {} : { [addresses.flowPolicy]: encodeFlowCut(found.proof) }
}
