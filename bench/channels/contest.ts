/** Does something for about a tenth of a second and says how often it could in a second. */
export type Contestant = () => number | Promise<number>

/** How often each could in a second, round by round. */
export type Rates<Name extends string> = Record<Name, number[]>

/** Times `count` calls of `work`, which gets the number of the call. */
export function calls(count: number, work: (call: number) => unknown): Contestant {
  return async () => {
    const start = performance.now()
    for (let call = 0; call < count; call++) {
      const result = work(call)
      if (result instanceof Promise) await result
    }
    return perSecond(count, start)
  }
}

/** Times `count` calls of `work`, `inFlight` of them at once. */
export function concurrentCalls(count: number, inFlight: number, work: (call: number) => Promise<unknown>): Contestant {
  return async () => {
    const start = performance.now()
    for (let call = 0; call < count; call += inFlight) {
      await Promise.all(Array.from({ length: Math.min(inFlight, count - call) }, (_, i) => work(call + i)))
    }
    return perSecond(count, start)
  }
}

function perSecond(count: number, start: number): number {
  return count / ((performance.now() - start) / 1_000)
}

/**
 * Lets all contestants run in turn, round after round, so that whatever else the machine does falls on all of them. The
 * first round, in which code is still being compiled, does not count.
 */
export async function contest<Name extends string>(
  contestants: Record<Name, Contestant>,
  rounds: number,
): Promise<Rates<Name>> {
  const names = Object.keys(contestants) as Name[]
  const rates = Object.fromEntries(names.map((name) => [name, []])) as unknown as Rates<Name>
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const rate = await contestants[name]()
      if (round > 0) rates[name].push(rate)
    }
  }
  return rates
}

/** How much faster one was than the other, in the median round. */
export function ratio(of: number[], to: number[]): number {
  return median(of.map((rate, round) => rate / (to[round] as number)))
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1] as number
}
