/**
 * `npm run bench:market`: whether files survive as they were promised, over simulated files, and how long the choice of sellers
 * takes in a large market, beside the bound that proves it. `-- --files 10000` is quicker; `-- --update` writes `table.md`.
 */
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { number, tableOf } from '../table.ts'
import { drawCandidates, markets, timeChoice } from './choice.ts'
import { type Simulated, simulate, wilson } from './simulate.ts'

const { values: options } = parseArgs({
  options: { update: { type: 'boolean' }, files: { type: 'string', default: '100000' } },
})
const TARGETS = [0.99, 0.999, 0.9999]
const SELLERS = 10_000
const ROUNDS = 5
const files = Number(options.files)

const percent = (share: number) => `${(100 * share).toFixed(4)} %`
const calibration = TARGETS.map((target, seed) => {
  const simulated = simulate(target, files, seed + 1)
  console.error(`${percent(target)}: ${simulated.survived} of ${files} survived`)
  return rowOf(simulated)
})

function rowOf({ target, survived, promised }: Simulated): string[] {
  const [low, high] = wilson(survived, files)
  const verdict = high < target ? 'broken' : low <= promised && promised <= high ? 'kept' : 'more than promised'
  return [percent(target), percent(promised), percent(survived / files), `${percent(low)} to ${percent(high)}`, verdict]
}

const choices = Object.entries(markets).flatMap(([name, pricing]) => {
  const candidates = drawCandidates(SELLERS, pricing)
  return [0.99, 0.999, 0.999_999].map((target) => {
    const rounds = Array.from({ length: ROUNDS }, () => timeChoice(candidates, target))
    const [choice] = rounds as [(typeof rounds)[number]]
    const { needed, sellers, price, leastPrice } = choice
    const milliseconds = rounds.map((round) => round.milliseconds).sort((one, other) => one - other)
    const above = Number(price - leastPrice) / Number(leastPrice)
    const proved = price === leastPrice ? 'the cheapest' : `${(100 * above).toFixed(3)} % at most`
    const median = milliseconds[Math.floor(ROUNDS / 2)] as number
    return [name, percent(target), `${needed} of ${sellers.length}`, proved, number(median)]
  })
})

const [core] = cpus()
const table = [
  '# Backups',
  '',
  `${files.toLocaleString('en')} simulated files for each target. Every file has a market of its own with some 36 sellers of 24 operators, whose`,
  'true rates of loss nobody knows: each is estimated from what was seen of it in up to a year, and the sellers are chosen by',
  'price. An operator loses everything at once. `promised` is the mean of what was promised, `survived` what came of it, and the',
  'interval is Wilson’s. `npm run bench:market -- --update` writes this file.',
  '',
  ...tableOf(['target', 'promised', 'survived', '95 % interval', 'the promise was'], calibration),
  '',
  `The choice among ${SELLERS.toLocaleString('en')} sellers of some 5,000 operators, medians of ${ROUNDS}. \`above the cheapest\` is what the bound proves.`,
  '',
  `Machine: ${cpus().length} × ${core?.model.trim()}, ${process.platform} ${process.arch}, Node ${process.versions.node}.`,
  '',
  ...tableOf(['prices', 'target', 'pieces', 'above the cheapest', 'ms'], choices),
  '',
].join('\n')
console.log(table)
if (options.update === true) writeFileSync(new URL('table.md', import.meta.url), table)
console.log('Again: npm run bench:market')
