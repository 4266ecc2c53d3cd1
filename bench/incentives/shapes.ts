import type { Sampled } from './charts.ts'
import { admission, colluders, type Experiment, newcomers, population, traitors, whitewashing } from './experiments.ts'

/** What must hold of the runs, and whether it did. */
export type Shape = { readonly says: string; readonly holds: boolean }

/** The shapes of the results by which the simulation stands or falls; numbers move with the seeds, these do not. */
export function shapes(sampled: Sampled): Shape[] {
  const at = ({ series }: Experiment, name: string, only: (x: number) => boolean = () => true) =>
    (series.find((one) => one.name === name)?.points ?? []).filter(({ x }) => only(x)).map(({ runs }) => sampled(runs))
  const means = (...which: Parameters<typeof at>) => at(...which).map(({ mean }) => mean)
  const every = (values: readonly number[], holds: (value: number) => boolean) =>
    values.length > 0 && values.every(holds)
  const lows = (...which: Parameters<typeof at>) => at(...which).map(({ low }) => low)
  return [
    {
      says: 'Objective shared history scores 5.3 or more at every size',
      holds: every(means(population, 'shared, objective'), (score) => score >= 5.3),
    },
    {
      says: 'Private history scores below 2 from 200 peers on',
      holds: every(
        means(population, 'private', (x) => x >= 200),
        (score) => score < 2,
      ),
    },
    {
      says: 'Objective shared history with colluders scores below 1',
      holds: every(
        means(colluders, 'shared, objective', (x) => x >= 0.4),
        (score) => score < 1,
      ),
    },
    {
      says: 'Two hops with traitors score above 5 in every run',
      holds: every(lows(traitors, 'two hops, traitors'), (score) => score > 5),
    },
    {
      says: 'Max-flow without traitors scores above 5 in every run',
      holds: every(lows(traitors, 'max-flow, no traitors'), (score) => score > 5),
    },
    {
      says: 'Always serving strangers scores below 1 where free riders change addresses',
      holds: every(means(whitewashing, 'always'), (score) => score < 1),
    },
    {
      says: 'The adaptive policy scores above 4.3 at every turnover, whoever changes addresses',
      holds: every([...means(whitewashing, 'adaptive'), ...means(newcomers, 'adaptive')], (score) => score > 4.3),
    },
    {
      says: 'The gate with seeds scores above 4.5 at every share up to 0.8, with a ring and without',
      holds: every(
        [...means(admission, 'gate, seeds'), ...means(admission, 'gate, seeds; ring')],
        (score) => score > 4.5,
      ),
    },
    {
      says: 'Without a gate free riders leave less than 1',
      holds: every(means(admission, 'no gate'), (score) => score < 1),
    },
  ]
}
