import { type Settings, usual } from './settings.ts'

/** Runs that differ in the seed alone, and are a point of a line. */
export type Point = { readonly x: number; readonly runs: readonly Settings[] }
export type Series = { readonly name: string; readonly points: readonly Point[] }
/** One chart. */
export type Experiment = { readonly name: string; readonly series: readonly Series[] }

const seeded = (settings: Partial<Settings>, count: number): Settings[] =>
  Array.from({ length: count }, (_, index) => ({ ...usual, ...settings, seed: index + 1 }))

const line = (name: string, xs: readonly number[], count: number, at: (x: number) => Partial<Settings>): Series => ({
  name,
  points: xs.map((x) => ({ x, runs: seeded(at(x), count) })),
})

/** A line of one point, whose runs are shown one by one. */
const strip = (name: string, count: number, settings: Partial<Settings>): Series => ({
  name,
  points: [{ x: 0, runs: seeded(settings, count) }],
})

const sizes = [20, 50, 100, 200, 500, 1000]
const shares = [0.2, 0.4, 0.6, 0.8]
const turnovers = [1e-4, 1e-3, 1e-2, 1e-1]

/** Shared against private history, by the number of peers. */
export const population: Experiment = {
  name: 'population',
  series: [
    line('shared, objective', sizes, 4, (players) => ({ players, history: 'objective' })),
    line('shared, two hops', sizes.slice(0, 5), 2, (players) => ({ players, history: 'twoHop' })),
    line('private', sizes, 8, (players) => ({ players, history: 'private' })),
  ],
}

/** Colluders who praise each other, by their share. */
export const colluders: Experiment = {
  name: 'colluders',
  series: [
    line('shared, objective', shares, 6, (defectors) => ({ defectors, history: 'objective', collusion: 'traitors' })),
    line('shared, two hops', shares, 6, (defectors) => ({ defectors, history: 'twoHop', collusion: 'traitors' })),
    line('private', shares, 6, (defectors) => ({ defectors, history: 'private', collusion: 'traitors' })),
  ],
}

/** Run by run, what honest peers that turn colluders do to flows. */
export const traitors: Experiment = {
  name: 'traitors',
  series: [
    strip('two hops, traitors', 30, { history: 'twoHop', collusion: 'traitors' }),
    strip('max-flow, no traitors', 4, { history: 'full', collusion: 'original' }),
    strip('max-flow, traitors', 8, { history: 'full', collusion: 'traitors' }),
    strip('two hops, lasting lies', 30, { history: 'twoHop', collusion: 'lasting' }),
    strip('objective, no traitors', 30, { history: 'objective', collusion: 'original' }),
  ],
}

const byTurnover = (settings: Partial<Settings>): Series[] =>
  (['never', 'adaptive', 'always'] as const).map((strangers) =>
    line(strangers, turnovers, 6, (turnover) => ({ ...settings, turnover, strangers, history: 'objective' })),
  )

/** Policies for strangers, by how quickly peers come and go, where defectors come back under new addresses. */
export const whitewashing: Experiment = { name: 'whitewashing', series: byTurnover({ whitewashing: true }) }

/** The same where nobody does that. */
export const newcomers: Experiment = { name: 'newcomers', series: byTurnover({}) }

/** Free riders under admission control, by their share. */
export const admission: Experiment = {
  name: 'admission',
  series: [
    line('gate, seeds', shares, 6, (defectors) => ({ defectors, history: 'admission' })),
    line('gate, seeds; ring', shares, 6, (defectors) => ({ defectors, history: 'admission', collusion: 'original' })),
    line('gate, seeds; traitors', shares, 6, (defectors) => ({
      defectors,
      history: 'admission',
      collusion: 'traitors',
    })),
    line('gate, no seeds; ring', shares, 6, (defectors) => ({
      defectors,
      history: 'admission',
      collusion: 'original',
      seedPeers: 0,
    })),
    line('no gate', shares, 6, (defectors) => ({ defectors, history: 'none' })),
  ],
}

export const experiments: readonly Experiment[] = [population, colluders, traitors, whitewashing, newcomers, admission]
