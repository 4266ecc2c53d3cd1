/**
 * `npm run bench:incentives`: the generalized prisoner's dilemma of Feldman, Lai, Stoica and Chuang (2004) on the SDK's reputation
 * engine; see docs/incentives.md. `-- --update` writes `table.md` and the charts in docs/charts, `-- --check` ends with 1 where a
 * shape of the results does not hold. All runs are seeded: the numbers are the same everywhere.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Sample } from './chart.ts'
import { charts } from './charts.ts'
import { experiments } from './experiments.ts'
import { playAll } from './playAll.ts'
import type { Settings } from './settings.ts'
import { shapes } from './shapes.ts'
import { resultTable } from './table.ts'

const { values: options } = parseArgs({ options: { check: { type: 'boolean' }, update: { type: 'boolean' } } })

const runs = experiments.flatMap(({ series }) => series.flatMap(({ points }) => points.flatMap(({ runs }) => runs)))
const begun = performance.now()
let told = 0
const scores = await playAll(runs, (done) => {
  const seconds = (performance.now() - begun) / 1000
  if (seconds - told < 10 && done < runs.length) return
  told = seconds
  console.error(`${done} of ${runs.length} runs, ${seconds.toFixed(0)} s`)
})

const scoreOf = new Map(runs.map((run, index) => [run, scores[index] as number]))
const sampled = (some: readonly Settings[]): Sample => {
  const list = some.map((run) => scoreOf.get(run) as number)
  const mean = list.reduce((sum, score) => sum + score, 0) / list.length
  return { scores: list, mean, low: Math.min(...list), high: Math.max(...list) }
}
const found = shapes(sampled)
const table = resultTable(sampled, found)
console.log(table.join('\n'))

if (options.update === true) {
  const head = [
    '# Incentives',
    '',
    'Points a peer and round, 6 at best, mean of the runs and in brackets the lowest and the highest where they are far apart. What was',
    'played is in [docs/incentives.md](../../docs/incentives.md). `npm run bench:incentives -- --update` writes this file and the charts.',
    '',
  ]
  writeFileSync(new URL('table.md', import.meta.url), [...head, ...table].join('\n'))
  const folder = new URL('../../docs/charts/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  for (const [name, chart] of charts(sampled)) writeFileSync(new URL(`${name}.svg`, folder), chart)
}
console.log('Again: npm run bench:incentives')
if (options.check === true && found.some(({ holds }) => !holds)) process.exitCode = 1
