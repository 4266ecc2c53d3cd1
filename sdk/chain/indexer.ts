import { type Address, BlockNotFoundError, type Hex } from 'viem'
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
  /**
   * Reads what is new.
   * @returns The last block read; the one before the first where there is none to read yet.
   * @throws `RPC_UNREACHABLE`, `STORE_FAILED`; what was read until then stays, and the next reading goes on from there.
   */
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
    tables ??= guarded(abi, () => client.request({ method: 'eth_chainId' })).then(
      (chainId) => {
        const scope = `${Number(chainId)}/${networkId}`
        return { edges: `edges/${scope}`, position: `position/${scope}` }
      },
      (error: unknown) => {
        // A failure must not be remembered: the next reading asks again.
        tables = undefined
        throw error
      },
    )
    return tables
  }

  /** The hash of a block; nothing where the chain has none at that height. */
  const hashAt = async (blockNumber: bigint): Promise<Hex | undefined> => {
    try {
      return (await getBlock(client, { blockNumber })).hash
    } catch (error) {
      if (error instanceof BlockNotFoundError) return undefined
      throw error
    }
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
        const { edges, position } = await names()
        const head = (await getBlockNumber(client, { cacheTime: 0 })) - confirmations
        let last = await store.get(position, 'last')
        let pending: Change[] = []
        for (;;) {
          const from = last === undefined ? fromBlock : last.block + 1n
          const to = from + STEP - 1n < head ? from + STEP - 1n : head
          // The order matters: a reorg before the second look is seen by it, a later one by the next look at this hash.
          const hash = from <= to ? await hashAt(to) : undefined
          if (last !== undefined && (await hashAt(last.block)) !== last.hash) {
            pending = [
              { table: edges, clear: true },
              { table: position, clear: true },
            ]
            last = undefined
            continue
          }
          if (hash === undefined) break
          const changes = await readEdges(from, to)
          last = { block: to, hash }
          await store.write([...pending, ...changes, put(position, 'last', last)])
          pending = []
        }
        if (pending.length > 0) await store.write(pending)
        return last?.block ?? fromBlock - 1n
      }),

    edges: async () => {
      const { edges } = await names()
      return (await store.all(edges)).map(({ consumer, provider, served }) => [consumer, provider, served] as const)
    },
  }
}
