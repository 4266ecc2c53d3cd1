import type { Address, Hex } from 'viem'
import { getBlock, getBlockNumber, getContractEvents } from 'viem/actions'
import { interactionHistoryAbi as abi } from '../abi/interactionHistory.ts'
import { type Change, put, type Store, type Table } from '../store/Store.ts'
import { addresses } from './addresses.ts'
import { guarded, type ScripClient } from './transact.ts'

type EdgeRecord = { readonly consumer: Address; readonly provider: Address; readonly served: bigint }

/** The last block that was read. */
type Position = { readonly block: bigint; readonly hash: Hex }

/** What `createIndexer` takes. */
export type IndexerParameters = {
  client: ScripClient
  store: Store
  networkId: bigint
  /** Where the history's contract was deployed, or later; the first block where nothing is said. */
  fromBlock?: bigint
  /** Blocks that must lie on top of an event; 0 where nothing is said. */
  confirmations?: bigint
}

/** An edge as `Graph.fromEdges` takes it: consumer, provider, value served. */
export type IndexedEdge = readonly [consumer: Address, provider: Address, served: bigint]

/** Keeps a network's edges as the chain's events state them. */
export type Indexer = {
  /** Reads what is new. @returns The last block read. @throws `RPC_UNREACHABLE`, `STORE_FAILED` */
  sync(): Promise<bigint>
  /** Every edge known. */
  edges(): Promise<IndexedEdge[]>
}

/** Blocks asked for at once: what public nodes answer. */
const STEP = 5_000n

/**
 * Reads `EdgeUpdated` events into the store. Each event states its edge's total, so reading one twice changes nothing;
 * where the last block read is no longer on the chain, everything is read again.
 */
export function createIndexer({
  client,
  store,
  networkId,
  fromBlock = 0n,
  confirmations = 0n,
}: IndexerParameters): Indexer {
  let tables: Promise<{ edges: Table<EdgeRecord>; position: Table<Position> }> | undefined
  const names = () => {
    tables ??= guarded(abi, () => client.request({ method: 'eth_chainId' })).then((chainId) => {
      const scope = `${Number(chainId)}/${networkId}`
      return { edges: `edges/${scope}`, position: `position/${scope}` }
    })
    return tables
  }

  /** Where to go on: after the last block read, or from the beginning where a reorg took that block away. */
  const resume = async (): Promise<{ next: bigint; changes: Change[] }> => {
    const { edges, position } = await names()
    const last = await store.get(position, 'last')
    if (last === undefined) return { next: fromBlock, changes: [] }
    const hash = await getBlock(client, { blockNumber: last.block }).then(
      (block) => block.hash,
      () => undefined,
    )
    if (hash === last.hash) return { next: last.block + 1n, changes: [] }
    return { next: fromBlock, changes: [{ table: edges, clear: true }] }
  }

  const readEdges = async (from: bigint, to: bigint): Promise<Change[]> => {
    const { edges } = await names()
    const events = await getContractEvents(client, {
      address: addresses.interactionHistory,
      abi,
      eventName: 'EdgeUpdated',
      args: { networkId },
      fromBlock: from,
      toBlock: to,
      strict: true,
    })
    return events.map(({ args: { consumer, provider, served } }) =>
      put(edges, `${consumer}/${provider}`, { consumer, provider, served }),
    )
  }

  return {
    sync: () =>
      guarded(abi, async () => {
        const { position } = await names()
        const head = (await getBlockNumber(client, { cacheTime: 0 })) - confirmations
        const { next, changes } = await resume()
        let pending = changes
        for (let from = next; from <= head; from += STEP) {
          const to = from + STEP - 1n < head ? from + STEP - 1n : head
          // The hash is read first: if a reorg comes in between, it no longer fits and all is read again.
          const { hash } = await getBlock(client, { blockNumber: to })
          const last = put(position, 'last', { block: to, hash })
          await store.write([...pending, ...(await readEdges(from, to)), last])
          pending = []
        }
        return head
      }),

    edges: async () => {
      const { edges } = await names()
      return (await store.all(edges)).map(({ consumer, provider, served }) => [consumer, provider, served] as const)
    },
  }
}
