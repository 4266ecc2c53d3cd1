import { type Address, parseAbi } from 'viem'
import { getCode, readContract } from 'viem/actions'
import { ScripError } from '../errors/ScripError.ts'
import type { ScripClient } from './transact.ts'

/** What ERC-8004's reputation registry has that is used here, with the `int128 value` of its text since 2026. */
export const reputationRegistryAbi = parseAbi([
  'event NewFeedback(uint256 indexed agentId, address indexed clientAddress, uint64 feedbackIndex, int128 value, uint8 valueDecimals, string indexed indexedTag1, string tag1, string tag2, string endpoint, string feedbackURI, bytes32 feedbackHash)',
  'function giveFeedback(uint256 agentId, int128 value, uint8 valueDecimals, string tag1, string tag2, string endpoint, string feedbackURI, bytes32 feedbackHash)',
  'function readAllFeedback(uint256 agentId, address[] clientAddresses, string tag1, string tag2, bool includeRevoked) view returns (address[] clients, uint64[] feedbackIndexes, int128[] values, uint8[] valueDecimals, string[] tag1s, string[] tag2s, bool[] revokedStatuses)',
  'function getIdentityRegistry() view returns (address)',
])

/** What its identity registry has that is used here. */
export const identityRegistryAbi = parseAbi([
  'function ownerOf(uint256 agentId) view returns (address)',
  'function getAgentWallet(uint256 agentId) view returns (address)',
  'error ERC721NonexistentToken(uint256 tokenId)',
])

/** The reputation registries that the authors of ERC-8004 deployed: on live chains, and on test chains. */
export const reputationRegistries: readonly Address[] = [
  '0x8004BAa17C55a88189AE136b182e5fdA19dE9b63',
  '0x8004B663056A597Dffe9eCcC1965A193B7388713',
]

/** An agent of ERC-8004 on the client's chain. */
export type AgentParameters = {
  /** The agent's number in the identity registry. */
  agentId: bigint
  /** The reputation registry; the one that ERC-8004's authors deployed on the chain where nothing is said. */
  registry?: Address
}

/** @throws `NOT_DEPLOYED` where none is named and the chain has none */
export async function findRegistry(client: ScripClient, named?: Address): Promise<Address> {
  for (const address of named === undefined ? reputationRegistries : [named]) {
    if ((await getCode(client, { address })) !== undefined) return address
  }
  throw new ScripError('NOT_DEPLOYED', {
    detail: `There is no reputation registry of ERC-8004 ${named === undefined ? 'on this chain' : `at ${named}`}.`,
    hint: 'Name its address in `registry`, or use a chain that has one.',
  })
}

/** An agent's registry, and the addresses that are paid when it is: its wallet, and its owner. */
export async function readAgent(
  client: ScripClient,
  registry: Address,
  agentId: bigint,
): Promise<{ identity: Address; payees: Address[] }> {
  const identity = await readContract(client, {
    address: registry,
    abi: reputationRegistryAbi,
    functionName: 'getIdentityRegistry',
  })
  const contract = { address: identity, abi: identityRegistryAbi } as const
  const payees = await Promise.all([
    readContract(client, { ...contract, functionName: 'getAgentWallet', args: [agentId] }),
    readContract(client, { ...contract, functionName: 'ownerOf', args: [agentId] }),
  ])
  return { identity, payees }
}
