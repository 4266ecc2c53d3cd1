/**
 * `npm run bench:stream`: how fast a body comes that is paid for by ticks as it flows, 16 KiB a tick, beside the same body for
 * nothing. Every server is a process of its own, and they run in turn. `-- --update` writes `table.md`, `-- --check` ends with
 * 1 where a ratio is below its floor.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { signatureProvider } from '@scrip/sdk/channels'
import { payingFetch } from '@scrip/sdk/client'
import { memoryStore } from '@scrip/sdk/store'
import { type Contestant, contest, median, ratio } from '../channels/contest.ts'
import { openMarket, payeeNamed } from '../http/market.ts'
import { type Server, startServers } from '../http/servers.ts'
import { number, tableOf } from '../table.ts'
import { preparePayments, receive, TICK_KILOBYTES } from './receive.ts'

const { values: options } = parseArgs({
  options: { check: { type: 'boolean' }, update: { type: 'boolean' }, rounds: { type: 'string', default: '9' } },
})
const rounds = Number(options.rounds)
const MEGABYTE = 2 ** 20
const SIZE = 256 * MEGABYTE
/** Kilobytes paid ahead of what arrived: 256 ticks. */
const WINDOW = 256 * TICK_KILOBYTES

const folder = mkdtempSync(join(import.meta.dirname, '.files-'))
const market = await openMarket()
const { start, stop } = startServers(folder, market)
const costs: { [name: string]: number[] } = {}

/** Megabytes a second of what `work` receives. What `prepare` gives is made before the clock starts. */
function contestant<Prepared>(
  name: string,
  server: Server,
  prepare: () => Prepared | Promise<Prepared>,
  work: (prepared: Prepared) => Promise<number>,
): Contestant {
  const cost: number[] = []
  costs[name] = cost
  return async () => {
    const prepared = await prepare()
    const before = await server.busy()
    const clock = performance.now()
    const received = await work(prepared)
    const seconds = (performance.now() - clock) / 1_000
    if (received !== SIZE) throw new Error(`${received} bytes came.`)
    cost.push(((await server.busy()) - before) / (SIZE / (TICK_KILOBYTES * 1_024)))
    return SIZE / MEGABYTE / seconds
  }
}

async function read(response: Response): Promise<number> {
  let received = 0
  for await (const chunk of response.body ?? []) received += chunk.length
  return received
}

try {
  const free = await start('freeStream')
  const paid = await start('paidStream')
  const single = await start('paidStream', 'single')
  const fetched = await start('paidStream', 'fetched')
  const payer = await market.openPayer(payeeNamed('paidStream'), BigInt(TICK_KILOBYTES))
  const singlePayer = await market.openPayer(payeeNamed('single'), BigInt(TICK_KILOBYTES))
  const account = market.client.account
  const limits = { perRequest: BigInt(SIZE) }
  const pay = payingFetch({ client: market.client, signer: account, store: memoryStore(), limits, window: WINDOW })
  const address = ({ port }: Server) => `http://127.0.0.1:${port}/${SIZE}`
  const nothing = () => {}

  const rates = await contest(
    {
      free: contestant('free', free, nothing, () => receive({ port: free.port, size: SIZE })),
      paid: contestant(
        'paid',
        paid,
        () => preparePayments(payer, SIZE, 64),
        (payments) => receive({ port: paid.port, size: SIZE, payments }),
      ),
      single: contestant(
        'single',
        single,
        () => preparePayments(singlePayer, SIZE, 1),
        (payments) => receive({ port: single.port, size: SIZE, payments }),
      ),
      fetch: contestant('fetch', free, nothing, async () => read(await fetch(address(free)))),
      payingFetch: contestant('payingFetch', fetched, nothing, async () => read(await pay(address(fetched)))),
    },
    rounds,
  )
  type Row = { path: string; name: keyof typeof rates; peer?: keyof typeof rates; floor?: number }
  const rows: Row[] = [
    { path: 'unpaid, bare sockets', name: 'free' },
    { path: 'paid by ticks, 64 in a payment, bare sockets', name: 'paid', peer: 'free', floor: 0.9 },
    { path: 'paid by ticks, each a payment, bare sockets', name: 'single', peer: 'free' },
    { path: 'unpaid, fetch', name: 'fetch', peer: 'free' },
    { path: 'paid by ticks, payingFetch', name: 'payingFetch', peer: 'fetch' },
  ]
  const lines = rows.map(({ path, name, peer, floor }) => [
    path,
    number(median(rates[name])),
    number(median(costs[name] ?? [])),
    rows.find((row) => row.name === peer)?.path ?? '',
    peer ? `${ratio(rates[name], rates[peer]).toFixed(2)} ×` : '',
    floor === undefined ? '' : `${floor} ×`,
  ])
  const table = [
    '# Streams over HTTP',
    '',
    `Medians of ${rounds} interleaved rounds; a ratio is the median of the rounds’ ratios. A body of ${SIZE / MEGABYTE} MiB in chunks of 16 KiB, one`,
    'stream at a time, by node:http with its defaults; it costs a tick for each 16 KiB, paid up to 256 ticks ahead of what arrived by',
    'payments on a second connection, each flushed before it counts. Over bare sockets the payments were made before the clock',
    'starts, so that the server is what is measured; `payingFetch` makes them as it goes. Microseconds of processor are those of the',
    'server’s process for 16 KiB.',
    '',
    `Written on ${new Date().toISOString().slice(0, 10)} by \`npm run bench:stream -- --update\`. Machine: ${cpus().length} × ${cpus()[0]?.model.trim()}, ${process.platform} ${process.arch},`,
    `Node ${process.versions.node}; load ${loadavg()[0]?.toFixed(1)} at the end, this benchmark’s own included. Signatures of payments by ${await signatureProvider()}.`,
    '',
    ...tableOf(['stream', 'MiB a second', 'µs of processor', 'against', 'ratio', 'floor'], lines),
    '',
  ].join('\n')
  console.log(table)
  if (options.update === true) writeFileSync(new URL('table.md', import.meta.url), table)
  for (const { path, name, peer, floor = 0 } of rows) {
    if (peer === undefined || ratio(rates[name], rates[peer]) >= floor) continue
    console.error(`Below its floor of ${floor} ×: ${path}, ${ratio(rates[name], rates[peer]).toFixed(2)} ×`)
    if (options.check === true) process.exitCode = 1
  }
  console.log('Again: npm run bench:stream')
} finally {
  stop()
  await market.stop()
  rmSync(folder, { recursive: true })
}
