import { type Address, type Hex, isAddressEqual, type Log, pad, parseEventLogs, toEventSelector, toHex } from 'viem'
import { getBlockNumber, readContract } from 'viem/actions'
import { interactionHistoryAbi } from '../../abi/interactionHistory.ts'
import { addresses } from '../addresses.ts'
import { createLogReader } from '../createLogReader.ts'
import { readFeedbackFile, type SettledStatement } from '../feedbackFile.ts'
import {
  type AgentParameters,
  findRegistry,
  identityRegistryAbi,
  readAgent,
  reputationRegistryAbi,
} from '../feedbackRegistry.ts'
import { guarded, type ScripClient } from '../transact.ts'

/** What `getFeedback` takes. */
export type GetFeedbackParameters = AgentParameters & {
  /** The network whose settlement backs: one whose currencies mean something to the reader. */
  networkId: bigint
  /** Where the registry was deployed, or later; the first block where nothing is said. */
  fromBlock?: bigint
}

/** What somebody said of an agent. */
export type Feedback = {
  readonly client: Address
  /** Counted from 1, for each client. */
  readonly index: bigint
  readonly value: bigint
  readonly valueDecimals: number
  readonly tag1: string
  readonly tag2: string
  readonly endpoint: string
  readonly isRevoked: boolean
  /** What the client settled with the agent, where the history has that; nothing where the feedback is mere words. */
  readonly backing?: SettledStatement
  /**
   * How much of that counts, in the network's unit of value: what was stated less what the client took back, once a client,
   * for its last feedback. 0 where there is none.
   */
  readonly weight: bigint
}

/** What is said of an agent by those who paid it. */
export type FeedbackSummary = {
  /** The mean of the values by weight, with 18 decimals; nothing where no feedback is backed. */
  readonly value?: bigint
  /** What all of them settled, in the network's unit of value. */
  readonly weight: bigint
  /** Clients whose feedback counts. */
  readonly backed: number
  /** Feedback, not revoked, that counts nothing: unbacked, or an older one of a client. */
  readonly uncounted: number
}

/**
 * Reads what is said of an agent in ERC-8004's reputation registry, and looks up in the history what was paid. Feedback is
 * backed where its file states an edge of this network from the client that gave it to the agent's wallet or owner as they
 * are now, its hash is the registry's, and the history has at least the settled value. Anybody can say anything of an agent
 * for gas alone; backed feedback costs what was paid. Who controls the agent can still pay itself, so weigh its clients by a
 * reputation of their own (`twoHopFlow`) where that matters.
 * @throws `NOT_DEPLOYED`, `TRANSACTION_REVERTED` with `ERC721NonexistentToken` or `UnknownNetwork`, `LOGS_REFUSED`,
 * `RPC_UNREACHABLE`
 */
export async function getFeedback(
  client: ScripClient,
  { agentId, networkId, registry: named, fromBlock = 0n }: GetFeedbackParameters,
): Promise<{ feedback: Feedback[]; summary: FeedbackSummary }> {
  return guarded([...reputationRegistryAbi, ...identityRegistryAbi, ...interactionHistoryAbi], async () => {
    const registry = await findRegistry(client, named)
    const chainId = Number(await client.request({ method: 'eth_chainId' }))
    const [{ payees }, files, entries] = await Promise.all([
      readAgent(client, registry, agentId),
      readFiles(client, registry, agentId, fromBlock),
      readEntries(client, registry, agentId),
    ])
    const feedback: Feedback[] = []
    /** What each pair settled: clients may give feedback often. */
    const edges = new Map<string, { served: bigint; left: bigint }>()
    for (const entry of entries) {
      const file = files.get(keyOf(entry))
      const stated = file && readFeedbackFile(file.feedbackURI, file.feedbackHash, chainId)
      const endpoint = file?.endpoint ?? ''
      const isTheirs =
        stated !== undefined &&
        stated.networkId === networkId &&
        isAddressEqual(stated.consumer, entry.client) &&
        payees.some((payee) => isAddressEqual(payee, stated.provider))
      if (!isTheirs) {
        feedback.push({ ...entry, endpoint, weight: 0n })
        continue
      }
      const pair = `${stated.consumer}/${stated.provider}`
      const edge = edges.get(pair) ?? (await readEdge(client, stated))
      edges.set(pair, edge)
      const isBacked = stated.served > 0n && edge.served >= stated.served
      const weight = edge.left < stated.served ? edge.left : stated.served
      feedback.push({ ...entry, endpoint, ...(isBacked && { backing: stated }), weight: isBacked ? weight : 0n })
    }
    const counted = countOnce(feedback)
    return { feedback: counted, summary: summarize(counted) }
  })
}

type Entry = Omit<Feedback, 'endpoint' | 'backing' | 'weight'>

/** What the registry has of every feedback, as it stands now. */
async function readEntries(client: ScripClient, registry: Address, agentId: bigint): Promise<Entry[]> {
  const [clients, indexes, values, decimals, tag1s, tag2s, revoked] = await readContract(client, {
    address: registry,
    abi: reputationRegistryAbi,
    functionName: 'readAllFeedback',
    args: [agentId, [], '', '', true],
  })
  return clients.map((giver, place) => ({
    client: giver,
    index: indexes[place] as bigint,
    value: values[place] as bigint,
    valueDecimals: decimals[place] as number,
    tag1: tag1s[place] as string,
    tag2: tag2s[place] as string,
    isRevoked: revoked[place] as boolean,
  }))
}

/** Where the files of the feedback are: only the events say that. */
async function readFiles(client: ScripClient, registry: Address, agentId: bigint, fromBlock: bigint) {
  const event = toEventSelector(reputationRegistryAbi[0])
  const reader = createLogReader(client, { address: registry, topics: [event, pad(toHex(agentId))] })
  const head = await getBlockNumber(client, { cacheTime: 0 })
  const files = new Map<string, { feedbackURI: string; feedbackHash: Hex; endpoint: string }>()
  for (let from = fromBlock; from <= head; ) {
    const to = reader.reach(from, head)
    const logs = await reader.read(from, to)
    if (logs === undefined) continue
    for (const { args } of parseEventLogs({ abi: reputationRegistryAbi, logs: logs as unknown as Log[] })) {
      files.set(keyOf({ client: args.clientAddress, index: args.feedbackIndex }), args)
    }
    from = to + 1n
  }
  return files
}

async function readEdge(client: ScripClient, { networkId, consumer, provider }: SettledStatement) {
  const [served, , faulted] = await readContract(client, {
    address: addresses.interactionHistory,
    abi: interactionHistoryAbi,
    functionName: 'edge',
    args: [networkId, consumer, provider],
  })
  return { served, left: served - faulted }
}

/** One payment is one voice: the last backed feedback of a client that was not revoked counts, and no other of it. */
function countOnce(feedback: readonly Feedback[]): Feedback[] {
  const last = new Map<string, Feedback>()
  for (const one of feedback) {
    const before = last.get(one.client)
    if (one.isRevoked || one.weight === 0n || (before !== undefined && before.index > one.index)) continue
    last.set(one.client, one)
  }
  return feedback.map((one) => (last.get(one.client) === one ? one : { ...one, weight: 0n }))
}

function summarize(feedback: readonly Feedback[]): FeedbackSummary {
  const counted = feedback.filter(({ weight }) => weight > 0n)
  const weight = counted.reduce((sum, one) => sum + one.weight, 0n)
  const total = counted.reduce((sum, one) => sum + one.value * 10n ** BigInt(18 - one.valueDecimals) * one.weight, 0n)
  const present = feedback.filter(({ isRevoked }) => !isRevoked).length
  const uncounted = present - counted.length
  return { ...(weight > 0n && { value: total / weight }), weight, backed: counted.length, uncounted }
}

function keyOf({ client, index }: { client: Address; index: bigint }): string {
  return `${client.toLowerCase()}/${index}`
}
