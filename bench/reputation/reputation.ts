/**
 * `npm run bench:reputation`: EigenTrust and exact max-flow on a graph of a million peers and ten million edges, EigenTrust
 * beside the same in C, in turn. `-- --peers 100000 --edges 1000000` takes another size, `-- --update` writes `table.md`,
 * `-- --check` ends with 1 where a bound of the design is missed.
 */
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { eigenTrust, Graph, maxFlow, TrustScores, twoHopFlow } from '@scrip/sdk/reputation'
import { median, ratio } from '../channels/contest.ts'
import { mulberry32 } from '../random.ts'
import { compileLimit } from './limit.ts'
import { makePeers, powerLawEdges } from './powerLaw.ts'

const { values: options } = parseArgs({
  options: {
    check: { type: 'boolean' },
    update: { type: 'boolean' },
    peers: { type: 'string', default: '1000000' },
    edges: { type: 'string', default: '10250000' },
  },
})
const ROUNDS = 3
const PAIRS = 300
const BUDGET = 4_000_000

const lines: string[] = []
const problems: string[] = []
const say = (line: string): void => {
  lines.push(`- ${line}`)
  console.log(line)
}
const clock = <Result>(work: () => Result): [result: Result, milliseconds: number] => {
  const start = performance.now()
  return [work(), performance.now() - start]
}
const number = (value: number): string => value.toLocaleString('en', { maximumSignificantDigits: 3 })
const megabytes = (): string => {
  globalThis.gc?.()
  const { rss, arrayBuffers } = process.memoryUsage()
  return `${number(arrayBuffers / 2 ** 20)} MiB in typed arrays, ${number(rss / 2 ** 20)} MiB of the process`
}

const names = makePeers(Number(options.peers))
const [graph, built] = clock(() => Graph.fromEdges(powerLawEdges(names, Number(options.edges))))
const { peers, edgeCount } = graph
say(
  `Graph: ${number(peers.length)} peers, ${number(edgeCount)} edges, made in ${number(built / 1000)} s; ${megabytes()}.`,
)

// EigenTrust.
const seeds = Array.from(
  { length: 100 },
  (_, place) => peers[Math.floor((place * peers.length) / 100)] as `0x${string}`,
)
const limit = compileLimit(graph, seeds)
const rates: Record<'ours' | 'c', number[]> = { ours: [], c: [] }
let trust = new TrustScores(graph, { seeds })
for (let round = 0; round < ROUNDS; round++) {
  const [scores, time] = clock(() => new TrustScores(graph, { seeds }))
  trust = scores
  rates.ours.push(1000 / time)
  if (limit === undefined) continue
  const { seconds, rounds, squares } = limit.run()
  rates.c.push(1 / seconds)
  const ours = peers.reduce((all, peer) => all + trust.score(peer) ** 2, 0)
  if (rounds !== trust.iterations || Math.abs(ours / squares - 1) > 1e-5) {
    throw new Error(
      `limit.c does not compute what the SDK does: ${rounds} rounds, ${squares}; ${trust.iterations}, ${ours}`,
    )
  }
}
const cold = trust.iterations
say(`EigenTrust from 100 seeds to 1e-6: ${number(1 / median(rates.ours))} s, ${cold} rounds; ${megabytes()}.`)
if (limit === undefined) say('No C compiler, so no limit to compare with: skipped.')
else {
  const found = ratio(rates.ours, rates.c)
  say(
    `The same in C (${limit.compiler} -O3): ${number(1 / median(rates.c))} s, so ${found.toFixed(2)} × C; floor 0.5 ×.`,
  )
  if (found < 0.5) problems.push(`EigenTrust: ${found.toFixed(2)} × C is below 0.5 ×`)
}
const [{ scores }, mapped] = clock(() => eigenTrust(graph, { seeds, start: trust.toMap() }))
say(`A map of all ${number(scores.size)} scores, there and back into \`eigenTrust\`: ${number(mapped / 1000)} s.`)

// One receipt more.
const random = mulberry32(11)
const anybody = (): `0x${string}` => peers[Math.floor(random() * peers.length)] as `0x${string}`
const changes = Array.from({ length: 1000 }, () => clock(() => graph.add(anybody(), anybody(), 5))[1])
say(`One edge more: ${number(median(changes) * 1000)} µs.`)
const refreshes = Array.from({ length: 3 }, () => {
  graph.add(anybody(), anybody(), 5)
  return clock(() => trust.refresh())
})
const [after, took] = refreshes.at(-1) as [number, number]
say(`Scores after one edge more: ${after} of ${cold} rounds, ${number(took)} ms.`)

// Flows.
const isBusy = (peer: `0x${string}`): boolean => graph.outTotal(peer) > 2000n && graph.inTotal(peer) > 2000n
const busy = (): `0x${string}` => {
  const peer = anybody()
  return isBusy(peer) ? peer : busy()
}
const pairs = Array.from({ length: PAIRS }, () => [busy(), busy()] as const).filter(([a, b]) => a !== b)
const near = pairs.map(([a, b]) => clock(() => twoHopFlow(graph, a, b))[1]).sort((a, b) => a - b)
say(`Two-hop flow, ${pairs.length} random pairs: p50 ${number(median(near) * 1000)} µs.`)
maxFlow(graph, ...(pairs[0] as (typeof pairs)[0]))
const flows = pairs.map(([a, b]) => clock(() => maxFlow(graph, a, b, { budget: BUDGET })))
const times = flows.map(([, time]) => time).sort((a, b) => a - b)
const at = (part: number): number => times[Math.min(times.length - 1, Math.floor(times.length * part))] as number
const exact = flows.filter(([{ exact }]) => exact).length
const [p50, p99] = [at(0.5), at(0.99)]
say(
  `Exact max-flow, the same pairs, within ${number(BUDGET)} edges looked at: p50 ${number(p50)} ms, p90 ${number(at(0.9))} ms, ` +
    `p99 ${number(p99)} ms, at most ${number(at(1))} ms; ${exact} of ${flows.length} exact, the others with proved bounds; ${megabytes()}.`,
)
if (p50 > 10) problems.push(`Max-flow: p50 ${number(p50)} ms is above 10 ms`)
if (p99 > 150) problems.push(`Max-flow: p99 ${number(p99)} ms is above 150 ms`)

const cores = cpus()
if (options.update === true) {
  const table = [
    '# Reputation on a large graph',
    '',
    'Degrees follow a power law of exponent 2.2. Times are the machine’s and move with its load; the ratio to C, of interleaved',
    'rounds, hardly. `npm run bench:reputation -- --update` writes this file, `npm run bench:reputation -- --check` fails below a floor.',
    '',
    `Machine: ${cores.length} × ${cores[0]?.model.trim()}, ${process.platform} ${process.arch}, Node ${process.versions.node}.`,
    '',
    ...lines,
    '',
  ].join('\n')
  writeFileSync(new URL('table.md', import.meta.url), table)
}
for (const problem of problems) console.error(problem)
console.log('Again: npm run bench:reputation')
if (options.check === true && problems.length > 0) process.exitCode = 1
