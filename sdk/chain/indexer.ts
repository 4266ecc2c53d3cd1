import { type Address, BlockNotFoundError, type Hex, type RpcLog } from 'viem'
import { getBlock, getBlockNumber } from 'viem/actions'
import { interactionHistoryAbi as abi } from '../abi/interactionHistory.ts'
import { ScripError } from '../errors/ScripError.ts'
import type { Store } from '../store/Store.ts'
import { addresses } from './addresses.ts'
import { type Checkpoint, createEdgeBook, type EdgeBook, type Moved, type Position } from './createEdgeBook.ts'
import { createLogReader, type LogReader } from './createLogReader.ts'
import {
  type EdgeRecord,
  type HistoryEvent,
  type HistoryFilter,
  historyFilter,
  readHistoryLog,
} from './historyEvents.ts'
import { readLogLines } from './readLogLines.ts'
import { guarded, type ScripClient } from './transact.ts'

/** What `createIndexer` takes. */
export type IndexerParameters = {
  client: ScripClient
  /** Several indexers, in any number of processes, may share one. */
  store: Store
  networkId: bigint
  /** Where the history's contract was deployed, or later; the first block where nothing is said. */
  fromBlock?: bigint
  /** Blocks that must lie on top of an event; 0 where nothing is said. */
  confirmations?: bigint
}

/** An edge as `Graph.fromEdges` takes it: consumer, provider, value served. Addresses are in lower case. */
export type IndexedEdge = readonly [consumer: Address, provider: Address, served: bigint]

/**
 * Is told of edges. `isWhole`: these are all there are, and what was told before holds no more. Else each is as stated now,
 * all zeros where the chain has it no more, and the others are as they were. It must not throw.
 */
export type EdgesChanged = (records: readonly EdgeRecord[], isWhole: boolean) => void

/** Keeps a network's edges as the chain's events state them. Calls take effect one after another. */
export type Indexer = {
  /**
   * Reads what is new.
   * @returns The last block read; the one before the first where there is none to read yet.
   * @throws `RPC_UNREACHABLE`, `LOGS_REFUSED`, `LOG_MALFORMED`, `RPC_INCONSISTENT`, `STORE_FAILED`, `STORE_UNCERTAIN`; what
   * was read until then stays, and the next reading goes on from there.
   */
  sync(): Promise<bigint>
  /**
   * Reads the history from a text that was saved before, which is faster than asking a node: lines of JSON, each a log as
   * `eth_getLogs` answers it, ascending, of every block from the first one on; logs of other contracts and networks may lie
   * between. Goes on from where the indexer is. The last block is left to `sync`, because nobody can tell whether the text
   * has it whole. Who gives the text is believed up to there: `sync` only finds out whether the chain has that block.
   *
   * @example
   * await indexer.load(createReadStream('logs.jsonl', 'utf8'))
   *
   * @returns The last block read, as `sync`.
   * @throws `LOG_MALFORMED`, also where a log is of an earlier block than the one before; `RPC_UNREACHABLE`, `STORE_FAILED`,
   * `STORE_UNCERTAIN`, `STORE_CONFLICT` where another process reads meanwhile. What was read until then stays.
   */
  load(text: AsyncIterable<string>): Promise<bigint>
  /** Every edge over which something was settled. */
  edges(): Promise<IndexedEdge[]>
  /** Every edge, with all that is stated of it. */
  records(): Promise<EdgeRecord[]>
  /**
   * Tells of all edges, and from then on of each that `sync` or `load` changes, after it was written: scores follow without
   * a rebuild. Tells of all again where the chain went back further than the indexer can, or another process moved on.
   * @returns What ends it.
   * @throws `RPC_UNREACHABLE`, `STORE_FAILED`
   */
  subscribe(changed: EdgesChanged): Promise<() => void>
}

/** How deep a reorg may be to be taken back; after a deeper one everything is read again. */
const DEEPEST = 128n

/** Events of a text that are written at once. */
const BATCH = 10_000

/** How often the chain may change while it is read once: a node that goes on so is not one node. */
const PATIENCE = 8

/** Blocks asked for at the same time. */
const AT_ONCE = 16

/** What the client's chain decides. */
type Setting = { readonly reader: LogReader; readonly book: EdgeBook }

/**
 * Reads the events `EdgeUpdated`, `ReceiptRecorded` and `FaultsStated` of a network into the store: one row for each edge.
 *
 * The store also has the hashes of the blocks with events among the last 128, and what their edges were before: after a
 * reorg the indexer goes back to the last block that is still on the chain, and after a deeper one to the beginning. All of a
 * step is one write, so that whoever is killed leaves the edges of one block or of another, never something between.
 */
export function createIndexer({
  client,
  store,
  networkId,
  fromBlock = 0n,
  confirmations = 0n,
}: IndexerParameters): Indexer {
  let setting: Promise<Setting> | undefined
  const filter = historyFilter(addresses.interactionHistory, networkId)
  const set = () => {
    setting ??= guarded(abi, () => client.request({ method: 'eth_chainId' })).then(
      (chainId) => {
        const scope = `${Number(chainId)}/${filter.address}/${networkId}`
        return { reader: createLogReader(client, filter), book: createEdgeBook(store, scope) }
      },
      (error: unknown) => {
        // A failure must not be remembered: the next reading asks again.
        setting = undefined
        throw error
      },
    )
    return setting
  }

  const subscribers = new Set<EdgesChanged>()
  /** The position that the subscribers know the edges of. */
  let told: string | undefined
  const tell = (records: readonly EdgeRecord[], isWhole: boolean, version: string) => {
    told = version
    for (const changed of subscribers) changed(records, isWhole)
  }
  const tellMoved = ({ position, records }: Moved): Position => {
    if (subscribers.size > 0 && records.length > 0) tell(records, false, position.version)
    told = position.version
    return position
  }
  /** Where the indexer is; the subscribers hear of it where that is news to them. */
  const positionIn = async (book: EdgeBook): Promise<Position> => {
    const position = await book.position()
    if (subscribers.size > 0 && position.version !== told) tell(await book.records(), true, position.version)
    return position
  }

  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = <Result>(work: (setting: Setting) => Promise<Result>): Promise<Result> => {
    const result = turn.then(set).then((setting) => guarded(abi, () => work(setting)))
    turn = result.catch(() => {})
    return result
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
  const isOnChain = async ({ block, hash }: Checkpoint): Promise<boolean> => (await hashAt(block)) === hash

  /** Goes back to the newest checkpoint on the chain; with one of them are all before it. */
  const goBack = async (book: EdgeBook, position: Position): Promise<void> => {
    let [low, high] = [0, position.checkpoints.length - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if (await isOnChain(position.checkpoints[middle] as Checkpoint)) low = middle + 1
      else high = middle
    }
    if (low > 0) tellMoved(await book.rollBack(position, low))
    else tell([], true, (await book.clear(position)).version)
  }

  /** Whether events are of these blocks, of the chain which had that hash, as far as it may still change. */
  const areOfChain = async (
    events: readonly HistoryEvent[],
    { from, to, settled }: { from: bigint; to: Checkpoint; settled: bigint },
  ): Promise<boolean> => {
    const hashes = new Map([[to.block, to.hash]])
    for (const { block, blockHash } of events) {
      if (block < from || block > to.block || (block === to.block && blockHash !== to.hash)) return false
      if (block > settled) hashes.set(block, blockHash)
    }
    const blocks = [...hashes].map(([block, hash]) => ({ block, hash }))
    for (let next = 0; next < blocks.length; next += AT_ONCE) {
      const found = await Promise.all(blocks.slice(next, next + AT_ONCE).map(isOnChain))
      if (found.includes(false)) return false
    }
    return true
  }

  const sync = async ({ reader, book }: Setting): Promise<bigint> => {
    const newest = await getBlockNumber(client, { cacheTime: 0 })
    const head = newest - confirmations
    for (let changes = 0; changes < PATIENCE; ) {
      const position = await positionIn(book)
      const last = position.checkpoints.at(-1)
      const from = last === undefined ? fromBlock : last.block + 1n
      const settled = newest - DEEPEST
      const block = reader.reach(from, from <= settled && settled < head ? settled : head)
      // The order matters: a reorg before the second look is seen by it, a later one by the next look at this hash.
      const hash = from <= block ? await hashAt(block) : undefined
      if (last !== undefined && !(await isOnChain(last))) {
        changes++
        await movedOn(() => goBack(book, position))
        continue
      }
      if (hash === undefined) return last?.block ?? fromBlock - 1n
      const logs = await reader.read(from, block)
      if (logs === undefined) continue
      const events = eventsIn(logs, filter)
      const to = { block, hash }
      if (!(await areOfChain(events, { from, to, settled }))) {
        changes++
        continue
      }
      await movedOn(async () => tellMoved(await book.advance(position, { events, to, settled })))
    }
    throw new ScripError('RPC_INCONSISTENT', {
      detail: `The chain changed ${PATIENCE} times while it was read.`,
    })
  }

  const load = async ({ book }: Setting, text: AsyncIterable<string>): Promise<bigint> => {
    let position = await positionIn(book)
    const start = position.checkpoints.at(-1)?.block ?? fromBlock - 1n
    let last = start
    /** The block that is being read, and what is known of it until now. */
    let current: Checkpoint | undefined
    let pending: HistoryEvent[] = []
    let complete: { count: number; to: Checkpoint } | undefined
    const flush = async () => {
      if (complete === undefined) return
      const { count, to } = complete
      position = tellMoved(await book.advance(position, { events: pending.slice(0, count), to, settled: to.block }))
      pending = pending.slice(count)
      complete = undefined
      last = to.block
    }
    for await (const lines of readLogLines(text)) {
      for (const { line, log } of lines) {
        const event = atLine(line, () => readHistoryLog(log, filter))
        if (event === undefined || event.block <= start) continue
        const { block, blockHash: hash } = event
        if (current !== undefined && block !== current.block) {
          if (block < current.block) throw outOfOrder(line, block, current.block)
          complete = { count: pending.length, to: current }
        }
        if (block !== current?.block) current = { block, hash }
        if (hash !== current.hash) throw outOfOrder(line, block, current.block)
        pending.push(event)
      }
      if (pending.length >= BATCH) await flush()
    }
    await flush()
    return last
  }

  const records = async () => (await set()).book.records()
  return {
    sync: () => inTurn(sync),
    load: (text) => inTurn((setting) => load(setting, text)),
    edges: async () => {
      const all = await records()
      return all
        .filter(({ served }) => served > 0n)
        .map(({ consumer, provider, served }) => [consumer, provider, served])
    },
    records,
    subscribe: (changed) =>
      inTurn(async ({ book }) => {
        const { version } = await book.position()
        changed(await book.records(), true)
        // Others may know less: they are told with the next reading.
        told = subscribers.size === 0 || told === version ? version : undefined
        subscribers.add(changed)
        return () => subscribers.delete(changed)
      }),
  }
}

/** The events in a node's logs, in their order on the chain. */
function eventsIn(logs: readonly RpcLog[], filter: HistoryFilter): HistoryEvent[] {
  const events = logs.map((log) => ({ event: readHistoryLog(log, filter), place: Number(log.logIndex) }))
  return events
    .flatMap(({ event, place }) => (event === undefined ? [] : [{ event, place }]))
    .sort((a, b) => Number(a.event.block - b.event.block) || a.place - b.place)
    .map(({ event }) => event)
}

/** Another process may have moved on first: then the next look tells where to. */
async function movedOn(work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof ScripError) || error.code !== 'STORE_CONFLICT') throw error
  }
}

function atLine<Result>(line: number, read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof ScripError)) throw error
    throw new ScripError('LOG_MALFORMED', { detail: `Line ${line}: ${error.message}`, values: { line }, cause: error })
  }
}

function outOfOrder(line: number, block: bigint, before: bigint): ScripError {
  return new ScripError('LOG_MALFORMED', {
    detail: `Line ${line} has a log of block ${block} after one of block ${before}, or of another block of that number.`,
    hint: 'Put the logs in the order of the chain, each block once.',
    values: { line, block },
  })
}
