/**
 * `npm run gas`: what every operation costs in gas, whole transactions on Hardhat's EVM, beside its ceiling and the best
 * peers. `-- --update` writes `table.md`; `-- --check` compares with it and ends with 1 where it differs or a ceiling is
 * exceeded.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { network, tasks } from 'hardhat'
import { measure } from './measure.ts'
import { type Figures, type Row, rows } from './rows.ts'

const file = new URL('table.md', import.meta.url)

const { values: options } = parseArgs({ options: { check: { type: 'boolean' }, update: { type: 'boolean' } } })

// The contracts and the one token to compare with; Solidity tests take a minute to compile and are not needed.
await tasks.getTask('build').run({ noTests: true, quiet: true })
await tasks.getTask('build').run({ files: ['test/contracts/support/PlainToken.sol'], quiet: true })
const { ethers } = await network.create()
const figures = await measure(ethers)
const table = format(figures)
console.log(table)

const problems = keys().flatMap((key) => {
  const { operation, ceiling } = rows[key]
  return figures[key] > ceiling ? [`Over its ceiling of ${number(ceiling)}: ${operation}, ${cell(key, figures)}`] : []
})
if (options.update === true) writeFileSync(file, table)
if (options.check === true && !(existsSync(file) && readFileSync(file, 'utf8') === table)) {
  problems.push('bench/gas/table.md is not what was measured: look at the difference after `npm run gas -- --update`.')
}
for (const problem of problems) console.error(problem)
if (options.check === true && problems.length > 0) process.exitCode = 1

function format(figures: Figures): string {
  const head = ['operation', 'gas', 'ceiling', 'best peers']
  const body = keys().map((key) => [
    rows[key].operation,
    cell(key, figures),
    number(rows[key].ceiling),
    rows[key].peers,
  ])
  const widths = head.map((_, column) => Math.max(...[head, ...body].map((line) => line[column]?.length ?? 0)))
  const isNumber = (column: number) => column === 1 || column === 2
  const line = (cells: string[]) => {
    const padded = cells.map((text, i) => (isNumber(i) ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0)))
    return `| ${padded.join(' | ')} |`
  }
  const rule = widths.map((width, i) => (isNumber(i) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)))
  return [
    '# Gas',
    '',
    'Whole transactions, calldata included, from the receipts of Hardhat’s EVM. `npm run gas -- --update` writes this file,',
    '`npm run gas -- --check` compares. The peers’ figures were measured in the same way.',
    '',
    line(head),
    line(rule),
    ...body.map(line),
    '',
  ].join('\n')
}

function cell(key: keyof Figures, figures: Figures): string {
  const { digits = 0 }: Row = rows[key]
  return number(figures[key], digits)
}

function number(value: number, digits = 0): string {
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

function keys(): (keyof Figures)[] {
  return Object.keys(rows) as (keyof Figures)[]
}
