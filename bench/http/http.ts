/**
 * `npm run bench:http`: how many requests a second a server answers that is paid for each, beside the same server that is
 * not, a paywall written with viem alone, and stock x402. Every server is a process of its own, and they run in turn.
 * `-- --update` writes `table.md`, `-- --check` ends with 1 where a ratio is below its floor, `-- --rounds 3` makes it shorter.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Payer, signatureProvider } from '@scrip/sdk/channels'
import { contest, median, ratio } from '../channels/contest.ts'
import { number, tableOf } from '../table.ts'
import { load, type Requests, repeated, requestWith } from './load.ts'
import { openMarket, paidRequests, payeeNamed } from './market.ts'
import { batchRequests, exactRequests, naiveRequests } from './payments.ts'
import { type Server, startServers } from './servers.ts'

const { values: options } = parseArgs({
  options: { check: { type: 'boolean' }, update: { type: 'boolean' }, rounds: { type: 'string', default: '7' } },
})
const IN_FLIGHT = 64

// Beside this file, not in the temporary folder: that one may be in memory, where a flush costs nothing.
const folder = mkdtempSync(join(import.meta.dirname, '.files-'))
const market = await openMarket()
const { start, stop } = startServers(folder, market)

type Name = 'free' | 'flushed' | 'shared' | 'memory' | 'vouchers' | 'naive' | 'express' | 'batch' | 'verified' | 'exact'
/** A contestant, those that it is compared with, and how many times as fast it has to be. */
type Row = { path: string; name: Name; peers?: readonly (readonly [peer: Name, floor?: number])[] }

/** Microseconds of the server's processor that a request took, round by round. */
const costs: { [name: string]: number[] } = {}

/** A contestant: what is sent is made before the clock starts. */
function contestant(
  name: string,
  server: Server,
  count: number,
  make: (count: number) => Requests | Promise<Requests>,
) {
  const cost: number[] = []
  costs[name] = cost
  return async () => {
    // Also looks at each channel again, which is due every ten seconds.
    await load(server.port, IN_FLIGHT, await make(IN_FLIGHT))
    const requests = await make(count)
    const before = await server.busy()
    const rate = await load(server.port, IN_FLIGHT, requests)
    cost.push(((await server.busy()) - before) / count)
    return rate
  }
}

async function paid(kind: 'paid' | 'paidInMemory', channels: number, tickAmount = 1n) {
  const name = `${kind}${channels}${tickAmount}`
  const server = await start(kind, name)
  const payers: Payer[] = []
  for (let channel = 0; channel < channels; channel++) {
    const payer = await market.openPayer(payeeNamed(name), tickAmount)
    payers.push(payer)
    // The peer meets its payers one by one: the first payment has it look at the chain.
    await load(server.port, 1, await paidRequests([payer], 1, 1))
  }
  return { server, make: (count: number) => paidRequests(payers, IN_FLIGHT, count) }
}

try {
  const plain = requestWith()
  const free = await start('free')
  const flushed = await paid('paid', IN_FLIGHT)
  const shared = await paid('paid', 2)
  // No tick of 2 pays an amount of 1.
  const vouchers = await paid('paid', IN_FLIGHT, 2n)
  const memory = await paid('paidInMemory', IN_FLIGHT)
  const naive = await start('naive')
  const express = await start('freeExpress')
  const batch = await start('batch')
  const verified = await start('exactVerified')
  const exact = await start('exact')
  const rounds = Number(options.rounds)
  const many = 38_400

  const rates = await contest(
    {
      free: contestant('free', free, 2 * many, (count) => repeated(plain, count)),
      flushed: contestant('flushed', flushed.server, many, flushed.make),
      shared: contestant('shared', shared.server, many, shared.make),
      memory: contestant('memory', memory.server, many, memory.make),
      vouchers: contestant('vouchers', vouchers.server, 3_200, vouchers.make),
      naive: contestant('naive', naive, 192, naiveRequests(IN_FLIGHT)),
      express: contestant('express', express, 6_400, (count) => repeated(plain, count)),
      batch: contestant('batch', batch, 128, batchRequests(batch.port, IN_FLIGHT, batch.folder)),
      verified: contestant('verified', verified, 128, exactRequests(verified.port)),
      exact: contestant('exact', exact, 64, exactRequests(exact.port)),
    },
    rounds,
  )
  const tick = 'paid by ticks, flushed before each answer'
  const rows: Row[] = [
    { path: 'unpaid, node:http', name: 'free' },
    { path: `${tick}: 64 payers`, name: 'flushed', peers: [['free', 0.65], ['naive', 80], ['batch'], ['exact']] },
    { path: `${tick}: 2 payers, 32 in flight each`, name: 'shared', peers: [['free', 0.65]] },
    { path: 'paid by ticks, nothing flushed (store in memory): 64 payers', name: 'memory', peers: [['free', 0.8]] },
    { path: 'paid by a voucher each, flushed: 64 payers', name: 'vouchers', peers: [['free'], ['naive']] },
    { path: 'naive viem paywall: a voucher each, flushed', name: 'naive', peers: [['free']] },
    { path: 'unpaid, express', name: 'express', peers: [['free']] },
    { path: 'stock x402 batch-settlement: a voucher each', name: 'batch', peers: [['express']] },
    { path: 'stock x402 exact, verified and not settled', name: 'verified', peers: [['express']] },
    { path: 'stock x402 exact, verified and settled', name: 'exact', peers: [['express']] },
  ]
  const lines = rows.flatMap(({ path, name, peers = [] }) => {
    const own = [path, number(median(rates[name])), number(median(costs[name] ?? []))]
    const beside = peers.map(([peer, floor]) => [
      rows.find((row) => row.name === peer)?.path ?? '',
      `${ratio(rates[name], rates[peer]).toPrecision(2)} ×`,
      floor === undefined ? '' : `${floor} ×`,
    ])
    return (beside.length > 0 ? beside : [['', '', '']]).map((peer, at) => [
      ...(at === 0 ? own : ['', '', '']),
      ...peer,
    ])
  })
  const head = ['request', 'a second', 'µs of processor', 'against', 'ratio', 'floor']
  const table = [
    '# Requests over HTTP',
    '',
    `Medians of interleaved rounds, ${rounds} of them; a ratio is the median of the rounds’ ratios. Every server is one process, with the`,
    'defaults of its library, and answers 1 KiB; the client is another process, with 64 connections that are kept, one request in',
    'flight on each. It sends requests that were made before the clock starts, over bare sockets: a client that does what clients do',
    'would be slower than the server, and hide it. A chain of anvil’s is a third process. Microseconds of processor are those of the',
    'server’s process for one request: what else runs moves them less than the rates.',
    '',
    '- By ticks of the price of a request; every 257th payment is a voucher with a new chain of ticks. Channels were looked at on',
    '  chain a moment before; a peer looks again every ten seconds.',
    '- The payee has no window in which ticks are served before they are flushed. The store in memory flushes nothing at all: no',
    '  window could be faster.',
    '- The naive paywall recovers the signer by viem’s `recoverTypedDataAddress` and writes the new total to SQLite, one request at a time.',
    '- Stock x402 is `@x402/express` 2.27.0 with its facilitator in the same process. Of batch-settlement it is the voucher check with its',
    '  `FileChannelStorage`, which flushes nothing; the channels are new in its store, so that it asks no chain. `exact` asks the chain',
    '  to verify, and sends a transaction to settle, which the chain mines at once.',
    '',
    `Written on ${new Date().toISOString().slice(0, 10)} by \`npm run bench:http -- --update\`. Machine: ${cpus().length} × ${cpus()[0]?.model.trim()}, ${process.platform} ${process.arch},`,
    `Node ${process.versions.node}; load ${loadavg()[0]?.toFixed(1)} at the end, this benchmark’s own included. Signatures of payments by ${await signatureProvider()}.`,
    '',
    ...tableOf(head, lines),
    '',
  ].join('\n')
  console.log(table)
  if (options.update === true) writeFileSync(new URL('table.md', import.meta.url), table)
  for (const { path, name, peers = [] } of rows) {
    for (const [peer, floor = 0] of peers) {
      const present = ratio(rates[name], rates[peer])
      if (present >= floor) continue
      console.error(`Below its floor of ${floor} × ${peer}: ${path}, ${present.toFixed(2)} ×`)
      if (options.check === true) process.exitCode = 1
    }
  }
  console.log('Again: npm run bench:http')
} finally {
  stop()
  await market.stop()
  rmSync(folder, { recursive: true })
}
