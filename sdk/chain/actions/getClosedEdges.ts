import type { Address } from 'viem'
import { getBlockNumber, readContract } from 'viem/actions'
import { interactionHistoryAbi as abi } from '../../abi/interactionHistory.ts'
import { addresses } from '../addresses.ts'
import type { IndexedEdge } from '../indexer.ts'
import { guarded, type ScripClient } from '../transact.ts'

/** Edges in one call, which reads 1.4 million gas of storage: far from what nodes allow. */
const EDGES_AT_ONCE = 500

/**
 * What a network's edges held when the last epoch closed: the capacities that proofs are checked against. All are read at
 * one block. `InteractionHistory.capacities`.
 * @param edges The edges to ask for, as an indexer keeps them; their values do not matter.
 * @returns The current epoch, which a proof names, and the edges that held anything, as `Graph.fromEdges` takes them.
 * @throws `TRANSACTION_REVERTED` with `UnknownNetwork`, `NOT_DEPLOYED`, `RPC_UNREACHABLE`
 */
export async function getClosedEdges(
  client: ScripClient,
  { networkId, edges }: { networkId: bigint; edges: Iterable<IndexedEdge> },
): Promise<{ epoch: number; edges: IndexedEdge[] }> {
  const pairs = [...edges]
  const contract = { address: addresses.interactionHistory, abi } as const
  return guarded(abi, async () => {
    const blockNumber = await getBlockNumber(client, { cacheTime: 0 })
    const [, , epoch] = await readContract(client, {
      ...contract,
      functionName: 'network',
      args: [networkId],
      blockNumber,
    })
    const closed: IndexedEdge[] = []
    for (let start = 0; start < pairs.length; start += EDGES_AT_ONCE) {
      const part = pairs.slice(start, start + EDGES_AT_ONCE)
      const [from, to] = [part.map(([consumer]) => consumer), part.map(([, provider]) => provider)]
      const capacities = await readContract(client, {
        ...contract,
        functionName: 'capacities',
        args: [networkId, from, to],
        blockNumber,
      })
      for (const [index, capacity] of capacities.entries()) {
        if (capacity > 0n) closed.push([from[index] as Address, to[index] as Address, capacity])
      }
    }
    return { epoch, edges: closed }
  })
}
