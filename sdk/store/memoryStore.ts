import { ScripError } from '../errors/ScripError.ts'
import { createVersions } from './createVersions.ts'
import { decode, encode } from './encoding.ts'
import type { Change, Store } from './Store.ts'

/** A store that forgets when the process ends: for browsers, tests and payers that spend what they can afford to lose. */
export function memoryStore(): Store {
  // Records are kept as text: nobody can change them from outside, and they are what a store in a file would give back.
  const tables = new Map<string, Map<string, string>>()
  const versions = createVersions()
  const table = (name: string) => {
    let records = tables.get(name)
    if (records === undefined) {
      records = new Map()
      tables.set(name, records)
    }
    return records
  }
  /** What remains to be done for a change when nothing can fail any more. */
  const prepare = (change: Change): (() => void) => {
    if ('clear' in change) return () => table(change.table).clear()
    if ('remove' in change) return () => table(change.table).delete(change.key)
    const text = encode(change.record)
    return () => table(change.table).set(change.key, text)
  }
  const prepareAll = (changes: readonly Change[]) => {
    try {
      return changes.map(prepare)
    } catch (cause) {
      throw new ScripError('STORE_FAILED', { detail: 'A record cannot be written as JSON.', cause })
    }
  }
  const get = <Record extends object>(name: string, key: string) => {
    const text = tables.get(name)?.get(key)
    return text === undefined ? undefined : (decode(text) as Record)
  }
  return {
    async get<Record extends object>(name: string, key: string) {
      return get<Record>(name, key)
    },
    async getMany<Record extends object>(name: string, keys: readonly string[]) {
      return keys.map((key) => get<Record>(name, key))
    },
    async read<Record extends object>(name: string, key: string) {
      const record = get<Record>(name, key)
      return { ...(record && { record }), version: versions.of(name, key) }
    },
    async all<Record extends object>(name: string) {
      return [...(tables.get(name)?.values() ?? [])].map((text) => decode(text) as Record)
    },
    async write(changes) {
      const steps = prepareAll(changes)
      versions.advance(changes)
      for (const apply of steps) apply()
      versions.keep()
    },
    async close() {},
  }
}
