import type { Hex } from 'viem'
import { type Change, put, type Store, type Table } from '../store/Store.ts'
import type { EdgeRecord, HistoryEvent } from './historyEvents.ts'
import { randomBytes32 } from './randomBytes32.ts'

/** A block up to which everything was read. */
export type Checkpoint = { readonly block: bigint; readonly hash: Hex }

/**
 * Up to where an indexer has read: the newest block, and before it those that it can go back to, the oldest first. No event
 * lies between a checkpoint and the next one's block.
 */
export type Position = { readonly checkpoints: readonly Checkpoint[]; readonly version: string }

/** Blocks that were read, and what they state. */
export type Step = {
  readonly events: readonly HistoryEvent[]
  readonly to: Checkpoint
  /** The newest block that no reorg reaches any more without everything being read again. */
  readonly settled: bigint
}

/**
 * The edges of a network in a store, and how to take the last blocks back. Each change is one write, which only goes through
 * where nobody else moved the position.
 */
export type EdgeBook = {
  position(): Promise<Position>
  records(): Promise<EdgeRecord[]>
  /** Takes up a step. @returns The edges that it touched, and the position after it */
  advance(from: Position, step: Step): Promise<Moved>
  /** Goes back to the first `keep` checkpoints, at least one. */
  rollBack(from: Position, keep: number): Promise<Moved>
  /** Forgets everything. */
  clear(from: Position): Promise<Position>
}

/** Where a change led, and the edges that it touched, as they are now. */
export type Moved = { readonly position: Position; readonly records: EdgeRecord[] }

/** What a block's edges were before it. */
type Undo = { readonly before: readonly EdgeRecord[] }

const KEY = 'last'

export function createEdgeBook(store: Store, scope: string): EdgeBook {
  const edges: Table<EdgeRecord> = `edges/${scope}`
  const undos: Table<Undo> = `undo/${scope}`
  const position: Table<Pick<Position, 'checkpoints'>> = `checkpoints/${scope}`

  const move = async (from: Position, checkpoints: readonly Checkpoint[], changes: readonly Change[]) => {
    const version = randomBytes32()
    const moved = put(position, KEY, { checkpoints }, { from: from.version, to: version })
    await store.write([...changes, moved])
    return { checkpoints, version }
  }
  const cleared: Change[] = [
    { table: edges, clear: true },
    { table: undos, clear: true },
  ]
  const forget = (checkpoints: readonly Checkpoint[]): Change[] =>
    checkpoints.map(({ block }) => ({ table: undos, key: `${block}`, remove: true }))
  const putEdge = (record: EdgeRecord): Change =>
    isNothing(record) ? { table: edges, key: keyOf(record), remove: true } : put(edges, keyOf(record), record)

  return {
    position: async () => {
      const { record, version } = await store.read(position, KEY)
      return { checkpoints: record?.checkpoints ?? [], version }
    },
    records: async () => (await store.all(edges)).map(asCounted).filter((record) => !isNothing(record)),

    advance: async (from, { events, to, settled }) => {
      const present = new Map<string, EdgeRecord>()
      const keys = [...new Set(events.map(keyOf))]
      for (const [index, record] of (await store.getMany(edges, keys)).entries()) {
        if (record !== undefined) present.set(keys[index] as string, record)
      }
      const fresh: Checkpoint[] = []
      const taken: Change[] = []
      for (const blockEvents of byBlock(events)) {
        const [{ block, blockHash: hash }] = blockEvents
        const before = new Map<string, EdgeRecord>()
        for (const event of blockEvents) {
          const key = keyOf(event)
          const record = present.get(key) ?? nothing(event)
          if (!before.has(key)) before.set(key, record)
          present.set(key, { ...record, [event.part]: event.total })
        }
        if (block <= settled) continue
        fresh.push({ block, hash })
        taken.push(put(undos, `${block}`, { before: [...before.values()] }))
      }
      if (fresh.at(-1)?.block !== to.block) fresh.push(to)
      const all = [...from.checkpoints, ...fresh]
      // The newest of those that lie too deep is enough to go back to.
      const checkpoints = all.slice(
        Math.max(
          all.findLastIndex(({ block }) => block <= settled),
          0,
        ),
      )
      const dropped = from.checkpoints.filter(({ block }) => block <= (checkpoints[0]?.block ?? to.block))
      const records = [...present.values()]
      // What an older version of this program left behind is no part of it.
      const start = from.checkpoints.length === 0 ? cleared : []
      const moved = await move(from, checkpoints, [...start, ...forget(dropped), ...records.map(putEdge), ...taken])
      return { position: moved, records: records.map(asCounted) }
    },

    rollBack: async (from, keep) => {
      const gone = from.checkpoints.slice(keep)
      const undone = await store.getMany(
        undos,
        gone.map(({ block }) => `${block}`),
      )
      const before = new Map<string, EdgeRecord>()
      // The oldest of them says last what there was before all of them.
      for (const undo of undone.reverse()) {
        for (const record of undo?.before ?? []) before.set(keyOf(record), record)
      }
      const records = [...before.values()]
      const changes = [...forget(gone), ...records.map(putEdge)]
      return { position: await move(from, from.checkpoints.slice(0, keep), changes), records: records.map(asCounted) }
    },

    clear: (from) => move(from, [], cleared),
  }
}

function keyOf({ consumer, provider }: Pick<EdgeRecord, 'consumer' | 'provider'>): string {
  return `${consumer}/${provider}`
}

function nothing({ consumer, provider }: HistoryEvent): EdgeRecord {
  return { consumer, provider, served: 0n, receipts: 0n, faulted: 0n }
}

/** Faults may be stated before what they take back was synced: they count as far as there is an edge. */
function asCounted(record: EdgeRecord): EdgeRecord {
  return record.faulted <= record.served ? record : { ...record, faulted: record.served }
}

function isNothing({ served, receipts, faulted }: EdgeRecord): boolean {
  return served === 0n && receipts === 0n && faulted === 0n
}

/** Events that follow each other, a list for each block. */
function* byBlock(events: readonly HistoryEvent[]): Generator<[HistoryEvent, ...HistoryEvent[]]> {
  let group: [HistoryEvent, ...HistoryEvent[]] | undefined
  for (const event of events) {
    if (group?.[0].block === event.block) group.push(event)
    else {
      if (group !== undefined) yield group
      group = [event]
    }
  }
  if (group !== undefined) yield group
}
