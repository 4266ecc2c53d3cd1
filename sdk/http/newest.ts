/** A map that forgets its oldest entries: strangers must not be able to fill the memory. */
export type Newest<Key, Value> = {
  get(key: Key): Value | undefined
  /** Puts an entry, as the newest. */
  set(key: Key, value: Value): void
}

/** A map of at most `most` entries. */
export function newest<Key, Value>(most: number): Newest<Key, Value> {
  const entries = new Map<Key, Value>()
  return {
    get: (key) => entries.get(key),
    set: (key, value) => {
      entries.delete(key)
      entries.set(key, value)
      if (entries.size <= most) return
      for (const oldest of entries.keys()) {
        entries.delete(oldest)
        break
      }
    },
  }
}
