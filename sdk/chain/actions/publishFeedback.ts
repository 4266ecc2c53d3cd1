import { type Address, isAddressEqual } from 'viem'
import { getBlock, readContract } from 'viem/actions'
import { interactionHistoryAbi } from '../../abi/interactionHistory.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { addresses } from '../addresses.ts'
import { encodeCall } from '../encodeCall.ts'
import { type SettledStatement, writeFeedbackFile } from '../feedbackFile.ts'
import {
  type AgentParameters,
  findRegistry,
  identityRegistryAbi,
  readAgent,
  reputationRegistryAbi,
} from '../feedbackRegistry.ts'
import { accountOf, guarded, type ScripClient, type Transaction, transact } from '../transact.ts'

/** What `publishFeedback` takes. */
export type PublishFeedbackParameters = AgentParameters & {
  /** The network in which the client's account settled with the agent. */
  networkId: bigint
  /** Whom of the agent it paid; the agent's wallet where nothing is said. */
  provider?: Address
  /** The opinion, up to 10^38 either way, with so many decimals, up to 18: what it means the tags say. */
  value: bigint
  valueDecimals?: number
  tag1?: string
  tag2?: string
  /** Where the agent served. */
  endpoint?: string
}

/**
 * Gives an agent feedback in ERC-8004's reputation registry, with what the account settled with it as the backing: the file
 * of the feedback states the edge, and is its own address. `giveFeedback`.
 * @returns What it states to be settled.
 * @throws `KEY_MISSING`, `NOT_DEPLOYED`, `FEEDBACK_UNBACKED` where nothing was settled with the agent, `TRANSACTION_REVERTED`
 * also with `ERC721NonexistentToken`, and what `transact` throws
 */
export async function publishFeedback(
  client: ScripClient,
  parameters: PublishFeedbackParameters,
): Promise<Transaction & { settled: SettledStatement }> {
  const { agentId, networkId, value, valueDecimals = 0, tag1 = '', tag2 = '', endpoint = '' } = parameters
  const consumer = accountOf(client).address
  const abi = [...reputationRegistryAbi, ...identityRegistryAbi]
  const { registry, uri, hash, settled } = await guarded([...abi, ...interactionHistoryAbi], async () => {
    const registry = await findRegistry(client, parameters.registry)
    const { identity, payees } = await readAgent(client, registry, agentId)
    const provider = parameters.provider ?? (payees[0] as Address)
    if (!payees.some((payee) => isAddressEqual(payee, provider))) {
      throw unbacked(`${provider} is neither the wallet nor the owner of agent ${agentId}.`)
    }
    const { number: block, timestamp } = await getBlock(client)
    const [served] = await readContract(client, {
      address: addresses.interactionHistory,
      abi: interactionHistoryAbi,
      functionName: 'edge',
      args: [networkId, consumer, provider],
      blockNumber: block,
    })
    if (served === 0n)
      throw unbacked(`${provider} served nothing to ${consumer} that was settled in network ${networkId}.`)
    const settled = { networkId, consumer, provider, served, block }
    const chainId = Number(await client.request({ method: 'eth_chainId' }))
    const createdAt = new Date(Number(timestamp) * 1_000)
    const details = { chainId, identity, agentId, createdAt, value, valueDecimals, tag1, tag2, endpoint }
    return { registry, settled, ...writeFeedbackFile(details, settled) }
  })
  const args = [agentId, value, valueDecimals, tag1, tag2, endpoint, uri, hash] as const
  const data = encodeCall({ abi: reputationRegistryAbi, functionName: 'giveFeedback', args })
  const transaction = await transact(client, { to: registry, abi, data })
  return { hash: transaction.hash, receipt: transaction.receipt, settled }
}

function unbacked(detail: string): ScripError {
  return new ScripError('FEEDBACK_UNBACKED', { detail })
}
