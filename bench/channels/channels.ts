/**
 * `npm run bench:channels`: how fast payments are made and checked off chain, beside viem and beside C, all in turn in one
 * process. `-- --update` writes `table.md`; `-- --check` ends with 1 where a ratio is below its floor. What a second
 * carries is the machine's; the ratios are ours.
 */
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { signatureProvider } from '@scrip/sdk/channels'
import { median, ratio } from './contest.ts'
import { compileLimit } from './limit.ts'
import { measureHashes, measurePayments, measureSignatures } from './measure.ts'

const { values: options } = parseArgs({ options: { check: { type: 'boolean' }, update: { type: 'boolean' } } })

const limit = compileLimit()
const provider = await signatureProvider()
const rows = [...(await measureHashes(limit)), ...(await measureSignatures()), ...(await measurePayments())]
const table = format()
console.log(table)
if (options.update === true) writeFileSync(new URL('table.md', import.meta.url), table)

const problems = rows.flatMap(({ path, of, peer }) =>
  peer?.floor !== undefined && ratio(of, peer.rates) < peer.floor
    ? [`Below its floor of ${peer.floor} × ${peer.name}: ${path}, ${ratio(of, peer.rates).toFixed(2)} ×`]
    : [],
)
for (const problem of problems) console.error(problem)
console.log('Again: npm run bench:channels')
if (options.check === true && problems.length > 0) process.exitCode = 1

function format(): string {
  const head = ['path', 'a second', 'against', 'a second', 'ratio', 'floor']
  const body = rows.map(({ path, of, peer }) => [
    path,
    number(median(of)),
    peer?.name ?? '',
    peer ? number(median(peer.rates)) : '',
    peer ? `${ratio(of, peer.rates).toFixed(2)} ×` : '',
    peer?.floor === undefined ? '' : `${peer.floor} ×`,
  ])
  const widths = head.map((_, column) => Math.max(...[head, ...body].map((line) => line[column]?.length ?? 0)))
  const isText = (column: number) => column === 0 || column === 2
  const line = (cells: string[]) => {
    const padded = cells.map((text, i) => (isText(i) ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0)))
    return `| ${padded.join(' | ')} |`
  }
  const rule = widths.map((width, i) => (isText(i) ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  const cores = cpus()
  return [
    '# Payments off chain',
    '',
    'Medians of interleaved rounds in one process; a ratio is the median of the rounds’ ratios. What a second carries is the',
    'machine’s and moves with its load, the ratios hardly. `npm run bench:channels -- --update` writes this file,',
    '`npm run bench:channels -- --check` fails below a floor.',
    '',
    `Machine: ${cores.length} × ${cores[0]?.model.trim()}, ${process.platform} ${process.arch}, Node ${process.versions.node}.`,
    `Signatures of payments by ${provider}; ${limit ? `C by ${limit.compiler} -O3` : 'no C compiler, so no limit'}.`,
    '',
    line(head),
    line(rule),
    ...body.map(line),
    '',
  ].join('\n')
}

function number(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 3 })
}
