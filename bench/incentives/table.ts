import { tableOf } from '../table.ts'
import type { Sample } from './chart.ts'
import type { Sampled } from './charts.ts'
import { admission, colluders, type Experiment, newcomers, population, traitors, whitewashing } from './experiments.ts'
import type { Shape } from './shapes.ts'

/** All results in Markdown. */
export function resultTable(sampled: Sampled, shapes: readonly Shape[]): string[] {
  return [
    ...section(population, 'History, by the number of peers', sampled),
    ...section(colluders, 'Colluders, by the part that free rides at first', sampled),
    ...runs(traitors, 'Colluders at a third of 100 peers, run by run', sampled),
    ...section(whitewashing, 'Policy for strangers, free riders under new addresses, by turnover', sampled),
    ...section(newcomers, 'Policy for strangers, nobody under new addresses, by turnover', sampled),
    ...section(admission, 'Admission control, by the part that free rides at first', sampled),
    '## Shapes',
    '',
    ...shapes.map(({ says, holds }) => `- ${says}: ${holds ? 'holds' : 'DOES NOT HOLD'}.`),
    '',
  ]
}

function section({ series }: Experiment, title: string, sampled: Sampled): string[] {
  const xs = [...new Set(series.flatMap(({ points }) => points.map(({ x }) => x)))]
  const body = series.map(({ name, points }) => [
    name,
    ...xs.map((x) => {
      const point = points.find((one) => one.x === x)
      return point === undefined ? '' : cell(sampled(point.runs))
    }),
  ])
  return [`## ${title}`, '', ...tableOf(['', ...xs.map(String)], body), '']
}

function runs({ series }: Experiment, title: string, sampled: Sampled): string[] {
  const body = series.map(({ name, points }) => {
    const { scores, mean, low, high } = sampled(points.flatMap(({ runs }) => runs))
    const collapsed = scores.filter((score) => score < 3).length
    return [name, String(scores.length), mean.toFixed(2), low.toFixed(2), high.toFixed(2), String(collapsed)]
  })
  return [`## ${title}`, '', ...tableOf(['', 'runs', 'mean', 'lowest', 'highest', 'below 3'], body), '']
}

/** The mean, and the spread where it says more. */
function cell({ mean, low, high }: Sample): string {
  return high - low < 0.3 ? mean.toFixed(2) : `${mean.toFixed(2)} (${low.toFixed(1)}–${high.toFixed(1)})`
}
