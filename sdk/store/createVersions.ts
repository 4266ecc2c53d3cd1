import { conflict } from './outcomes.ts'
import type { Change } from './Store.ts'

/** The versions of records in a store that one process owns: nobody outside of it can know any, so memory is enough. */
export type Versions = {
  of(table: string, key: string): string
  /** Notes the versions after a write. @throws `STORE_CONFLICT` where it comes too late; nothing of it is noted then */
  advance(changes: readonly Change[]): void
  /** Says that what was noted is on the disk. */
  keep(): void
  /** Forgets what was noted since. */
  undo(): void
}

export function createVersions(): Versions {
  const kept = new Map<string, string>()
  const noted = new Map<string, string>()
  const current = (id: string) => noted.get(id) ?? kept.get(id) ?? ''
  const forget = (prefix: string) => {
    for (const id of [...kept.keys(), ...noted.keys()]) if (id.startsWith(prefix)) noted.set(id, '')
  }

  return {
    of: (table, key) => kept.get(idOf(table, key)) ?? '',

    advance: (changes) => {
      for (const change of changes) {
        if (!('record' in change) || change.revision === undefined) continue
        if (current(idOf(change.table, change.key)) !== change.revision.from) throw conflict(change.table, change.key)
      }
      for (const change of changes) {
        if ('clear' in change) forget(prefixOf(change.table))
        else if ('remove' in change) forget(idOf(change.table, change.key))
        else if (change.revision) noted.set(idOf(change.table, change.key), change.revision.to)
      }
    },

    keep: () => {
      for (const [id, version] of noted) {
        if (version === '') kept.delete(id)
        else kept.set(id, version)
      }
      noted.clear()
    },

    undo: () => noted.clear(),
  }
}

/** No id begins with another one: strings in JSON end where they end. */
function idOf(table: string, key: string): string {
  return `${prefixOf(table)}${JSON.stringify(key)}`
}

function prefixOf(table: string): string {
  return `${JSON.stringify(table)},`
}
