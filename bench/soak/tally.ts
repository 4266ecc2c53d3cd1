/** What a refusal says of itself. */
export type ScripProblem = { readonly code: string }

const tallies = new Map<string, Map<string, number>>()

/** Counts one more of a kind of thing. */
export function count(kind: string, what: string): void {
  const tally = tallies.get(kind) ?? new Map<string, number>()
  tallies.set(kind, tally)
  tally.set(what, (tally.get(what) ?? 0) + 1)
}

/** What was counted of a kind, the most frequent first. */
export function counted(kind: string): string[][] {
  const tally = [...(tallies.get(kind) ?? [])].sort(([, one], [, other]) => other - one)
  return tally.map(([what, times]) => [what, times.toLocaleString('en')])
}
