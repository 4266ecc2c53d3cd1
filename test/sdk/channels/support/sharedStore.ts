import { type Changed, memoryStore, type Store } from '@scrip/sdk/store'

/** A store in memory as several processes have it, each through an end of its own; ends tell each other of changes. */
export type SharedStore = {
  /** Another process's end. With `isDeaf` it hears of no change. */
  end(isDeaf?: boolean): Store
}

export function sharedStore(): SharedStore {
  const memory = memoryStore()
  const ends: { self: object; table: string; changed: Changed }[] = []
  return {
    end: (isDeaf = false) => {
      const self = {}
      return {
        ...memory,
        // As long as another process's call may come in between.
        read: async (table, key) => {
          await later()
          return memory.read(table, key)
        },
        write: async (changes) => {
          await later()
          await memory.write(changes)
          setImmediate(() => {
            for (const change of changes)
              if ('record' in change && change.revision)
                for (const end of ends)
                  if (end.self !== self && end.table === change.table) end.changed(change.key, change.revision.to)
          })
        },
        watch: (table, changed) => {
          if (!isDeaf) ends.push({ self, table, changed })
        },
      }
    },
  }
}

function later(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
