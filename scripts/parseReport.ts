/** How a group of tests ended: `failures` is what the runner said of those that failed. */
export type Report = { passed: number; failed: number; skipped: number; failures: string }

/**
 * The report in what a runner printed: mocha and Hardhat's Solidity runner both close with a line `N passing`, then
 * lines `N failing`, `N pending` or `N skipped` where there are any, then the failures. Undefined where there is no such
 * close, as after a crash.
 */
export function parseReport(output: string): Report | undefined {
  const passing = [...output.matchAll(/^\s*(\d+) passing\b/gm)].at(-1)
  if (passing === undefined) return undefined
  const rest = output.slice(passing.index + passing[0].length)
  const count = (word: RegExp) =>
    Number([...rest.matchAll(/^\s*(\d+) ([a-z]+)$/gm)].find((match) => word.test(match[2] ?? ''))?.[1] ?? 0)
  const failed = count(/^failing$/)
  return {
    passed: Number(passing[1]),
    failed,
    skipped: count(/^(pending|skipped)$/),
    failures: failed > 0 ? (rest.match(/^ *1\) .*/ms)?.[0].trimEnd() ?? '') : '',
  }
}
