/** A map that forgets the keys that it got first: strangers must not be able to fill the memory. */
export type Newest<Key, Value> = {
  get(key: Key): Value | undefined
  set(key: Key, value: Value): void
}

/** A map of at most `most` entries. */
export function newest<Key, Value>(most: number): Newest<Key, Value> {
  const entries = new Map<Key, Value>()
  // Who came when. To ask the map for its first key takes the longer the more were deleted before it.
  const order: Key[] = []
  let next = 0
  return {
    get: (key) => entries.get(key),
    set: (key, value) => {
      if (!entries.has(key)) {
        if (order.length === most) entries.delete(order[next] as Key)
        order[next] = key
        next = (next + 1) % most
      }
      entries.set(key, value)
    },
  }
}
