import type { Change, Store } from './Store.ts'

/** A store that forgets when the process ends: for browsers, tests and payers that spend what they can afford to lose. */
export function memoryStore(): Store {
  const tables = new Map<string, Map<string, object>>()
  const table = (name: string) => {
    let records = tables.get(name)
    if (records === undefined) {
      records = new Map()
      tables.set(name, records)
    }
    return records
  }
  const apply = (change: Change) => {
    if ('clear' in change) table(change.table).clear()
    else if ('remove' in change) table(change.table).delete(change.key)
    else table(change.table).set(change.key, structuredClone(change.record))
  }
  return {
    async get<Record extends object>(name: string, key: string) {
      const record = table(name).get(key)
      return record === undefined ? undefined : (structuredClone(record) as Record)
    },
    async all<Record extends object>(name: string) {
      return [...table(name).values()].map((record) => structuredClone(record) as Record)
    },
    async write(changes) {
      for (const change of changes) apply(change)
    },
    async close() {},
  }
}
