import { type LineChart, lineChart, type Sample, type StripChart, stripChart } from './chart.ts'
import { admission, colluders, type Experiment, newcomers, population, traitors, whitewashing } from './experiments.ts'
import type { Settings } from './settings.ts'

/** The runs of a point, taken together. */
export type Sampled = (runs: readonly Settings[]) => Sample

const share = 'part of the peers that free rides at first'
const turnover = 'probability a round that a peer is replaced by a new one'

/** The charts of all experiments, as SVG, by name. */
export function charts(sampled: Sampled): Map<string, string> {
  const lines = ({ series }: Experiment, title: string, x: LineChart['x']): string =>
    lineChart({
      title,
      x,
      series: series.map(({ name, points }) => ({
        name,
        points: points.map((point) => ({ x: point.x, ...sampled(point.runs) })),
      })),
    })
  const rows = ({ series }: Experiment): StripChart['rows'] =>
    series.map(({ name, points }) => ({ name, scores: points.flatMap(({ runs }) => sampled(runs).scores) }))
  const xs = ({ series }: Experiment): number[] => [
    ...new Set(series.flatMap(({ points }) => points.map(({ x }) => x))),
  ]

  return new Map([
    [
      population.name,
      lines(population, 'Private history fails in large populations, shared history does not', {
        label: 'peers',
        isLog: true,
        ticks: xs(population),
      }),
    ],
    [
      colluders.name,
      lines(colluders, 'Colluders break objective history, not two-hop flows', { label: share, ticks: xs(colluders) }),
    ],
    [traitors.name, stripChart({ title: 'Honest peers that turn colluders can break max-flow', rows: rows(traitors) })],
    [
      whitewashing.name,
      lines(whitewashing, 'Free riders under new addresses, by the policy for strangers', {
        label: turnover,
        isLog: true,
        ticks: xs(whitewashing),
      }),
    ],
    [
      newcomers.name,
      lines(newcomers, 'The same policies where nobody changes addresses', {
        label: turnover,
        isLog: true,
        ticks: xs(newcomers),
      }),
    ],
    [admission.name, lines(admission, 'Free riders under admission control', { label: share, ticks: xs(admission) })],
  ])
}
