/** How a group of tests ended. */
export type Counts = { passed: number; failed: number; skipped: number }

/**
 * The counts in what a runner printed: mocha and Hardhat's Solidity runner both close with a line `N passing`, then
 * lines `N failing`, `N pending` or `N skipped` where there are any. Undefined where there is no such close, as after a
 * crash.
 */
export function parseCounts(output: string): Counts | undefined {
  const passing = [...output.matchAll(/^\s*(\d+) passing\b/gm)].at(-1)
  if (passing === undefined) return undefined
  const rest = output.slice(passing.index + passing[0].length)
  const count = (word: RegExp) =>
    [...rest.matchAll(/^\s*(\d+) ([a-z]+)$/gm)].find((match) => word.test(match[2] ?? ''))?.[1] ?? 0
  return {
    passed: Number(passing[1]),
    failed: Number(count(/^failing$/)),
    skipped: Number(count(/^(pending|skipped)$/)),
  }
}
