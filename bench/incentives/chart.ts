import { scaleLinear, scaleLog, scalePoint } from 'd3-scale'
import { line } from 'd3-shape'
import { BEST } from './settings.ts'

/** Where something stands in a chart. */
type Place = { readonly x: number; readonly y: number }
type Axis = { readonly label: string; readonly isLog?: boolean; readonly ticks: readonly number[] }

/** The scores of some runs. */
export type Sample = {
  readonly mean: number
  readonly low: number
  readonly high: number
  readonly scores: readonly number[]
}

export type LineChart = {
  readonly title: string
  readonly x: Axis
  readonly series: readonly { readonly name: string; readonly points: readonly (Sample & { readonly x: number })[] }[]
}

export type StripChart = {
  readonly title: string
  readonly rows: readonly { readonly name: string; readonly scores: readonly number[] }[]
}

const WIDTH = 720
const HEIGHT = 340
const LEFT = 60
const TOP = 46
const BOTTOM = 56
/** Room for the names of lines. */
const RIGHT = 190
/** Between names one under another. */
const LEADING = 17
const SCORE = 'points a peer and round'
const SCORES = [0, 1, 2, 3, 4, 5, 6]

/** The colours of both schemes; a chart stands on a ground of its own, so that it can be read on every page. */
const STYLE = [
  'svg{font:13px system-ui,-apple-system,"Segoe UI",sans-serif}',
  '.ground{fill:#fff}.text{fill:#24292f}.faint{fill:#57606a}.grid{stroke:#d8dee4}',
  '.line,.spread{fill:none;stroke-width:2}.spread{stroke-width:1.5;opacity:.45}.title{font-size:15px;font-weight:600}',
  ...colours(['#0969da', '#bc4c00', '#8250df', '#1a7f37', '#bf3989']),
  '@media (prefers-color-scheme:dark){.ground{fill:#0d1117}.text{fill:#e6edf3}.faint{fill:#9198a1}.grid{stroke:#30363d}',
  ...colours(['#58a6ff', '#f0883e', '#bc8cff', '#3fb950', '#f778ba']),
  '}',
].join('')

/** Lines over an axis, each point with the spread of its runs, each line with its name at its end. */
export function lineChart({ title, x, series }: LineChart): string {
  const [low, high] = [Math.min(...x.ticks), Math.max(...x.ticks)]
  const across = (x.isLog === true ? scaleLog() : scaleLinear()).domain([low, high]).range([LEFT + 12, WIDTH - RIGHT])
  const up = scaleLinear([0, BEST], [HEIGHT - BOTTOM, TOP])
  const path = line<Place>(
    (place) => across(place.x),
    (place) => up(place.y),
  )

  const grid = SCORES.map((score) => rule(LEFT, up(score), WIDTH - RIGHT, up(score), 'grid'))
  const marks = [
    ...SCORES.map((score) => text(LEFT - 8, up(score) + 4, String(score), 'faint', 'end')),
    ...x.ticks.map((tick) => text(across(tick), HEIGHT - BOTTOM + 20, String(tick), 'faint', 'middle')),
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, x.label, 'text', 'middle'),
    sideways(18, (TOP + HEIGHT - BOTTOM) / 2, SCORE),
  ]
  const lines = series.flatMap(({ points }, index) => [
    ...points.map((point) =>
      rule(across(point.x), up(point.low), across(point.x), up(point.high), `spread stroke${index}`),
    ),
    `<path class="line stroke${index}" d="${path(points.map(({ x, mean }) => ({ x, y: mean })))}"/>`,
    ...points.map(({ x, mean }) => dot(across(x), up(mean), 3.5, `fill${index}`)),
  ])
  const ends = series.map(({ points }) => ({ x: WIDTH - RIGHT + 10, y: up((points.at(-1) as Sample).mean) + 4 }))
  const names = spread(ends).map(({ x, y }, index) => text(x, y, series[index]?.name ?? '', `fill${index}`, 'start'))
  return svg(title, [...grid, ...marks, ...lines, ...names])
}

/** A row of dots for each name, a dot a run. */
export function stripChart({ title, rows }: StripChart): string {
  const across = scaleLinear([0, BEST], [RIGHT, WIDTH - 24])
  const down = scalePoint(
    rows.map(({ name }) => name),
    [TOP, HEIGHT - BOTTOM],
  ).padding(0.5)
  const grid = SCORES.map((score) => rule(across(score), TOP, across(score), HEIGHT - BOTTOM, 'grid'))
  const marks = [
    ...SCORES.map((score) => text(across(score), HEIGHT - BOTTOM + 20, String(score), 'faint', 'middle')),
    text((RIGHT + WIDTH - 24) / 2, HEIGHT - 12, `${SCORE}, a dot a run`, 'text', 'middle'),
  ]
  const dots = rows.flatMap(({ name, scores }, index) => {
    const middle = down(name) as number
    return [
      text(RIGHT - 16, middle + 4, name, `fill${index}`, 'end'),
      // One above another, in a pattern that repeats, so that dots of one score can be told apart.
      ...scores.map((score, run) => dot(across(score), middle + ((run * 7) % 15) - 7, 3.5, `fill${index} see-through`)),
    ]
  })
  return svg(title, [...grid, ...marks, ...dots])
}

/** Moves names that would lie on one another apart, up and down, and none out of the chart. */
function spread(places: readonly Place[]): Place[] {
  const moved = places.map((place) => ({ ...place }))
  const rising = [...moved].sort((a, b) => b.y - a.y)
  let lowest = HEIGHT - BOTTOM + 4
  for (const place of rising) {
    place.y = Math.min(place.y, lowest)
    lowest = place.y - LEADING
  }
  return moved
}

function colours(list: readonly string[]): string[] {
  return list.map((colour, index) => `.stroke${index}{stroke:${colour}}.fill${index}{fill:${colour}}`)
}

function svg(title: string, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">`,
    `<title>${title}</title><style>${STYLE}.see-through{fill-opacity:.65}</style>`,
    `<rect class="ground" width="${WIDTH}" height="${HEIGHT}" rx="6"/>`,
    text(20, 26, title, 'text title', 'start'),
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}

function rule(x1: number, y1: number, x2: number, y2: number, names: string): string {
  return `<line class="${names}" x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}"/>`
}

function dot(x: number, y: number, radius: number, names: string): string {
  return `<circle class="${names}" cx="${round(x)}" cy="${round(y)}" r="${radius}"/>`
}

function text(x: number, y: number, content: string, names: string, anchor: 'start' | 'middle' | 'end'): string {
  return `<text class="${names}" x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${content}</text>`
}

function sideways(x: number, y: number, content: string): string {
  return `<text class="text" transform="translate(${x},${round(y)}) rotate(-90)" text-anchor="middle">${content}</text>`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
