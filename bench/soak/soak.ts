/**
 * `npm run soak`: two peers under full load for ten minutes, with everything that goes wrong in a network done to them: `--minutes 1`
 * for less. Ends with 1 where acknowledged credit was lost, where anything was served that was not paid, or where a peer holds more
 * than 1.1 times the memory at the end that it held after a fifth of the time. `-- --update` writes `table.md`.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request as forward } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { mint } from '@scrip/sdk/chain'
import { sqliteStore } from '@scrip/sdk/store'
import { type Address, parseEther } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { paidIn } from '../../sdk/channels/PayeeRecord.ts'
import { payers } from '../../sdk/channels/Payer.ts'
import { allPayeeRecords } from '../../sdk/channels/payeeRecords.ts'
import { openMarket, payeeNamed } from '../http/market.ts'
import { number, tableOf } from '../table.ts'
import { ask, buyOne, type Lane, newLane, pause, payment } from './lanes.ts'
import { count, counted } from './tally.ts'

const { values: options } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, update: { type: 'boolean' } },
})
const minutes = Number(options.minutes)
const length = minutes * 60_000
const LANES = 24
const MOST_GROWTH = 1.1
const execArgv = ['--conditions=source', '--disable-warning=ExperimentalWarning', '--expose-gc']

type Memory = { readonly held: number; readonly rss: number }
type Peer = {
  readonly name: string
  readonly payee: Address
  readonly store: string
  readonly lanes: Lane[]
  readonly vandal: Lane
  port: number
  process: ChildProcess
}

const folder = mkdtempSync(join(import.meta.dirname, '.files-'))
const market = await openMarket()
let isOver = false

/** Passes calls on to the chain's node, unless it is to fail. */
let nodeFails = false
const node = createServer((incoming, outgoing) => {
  if (nodeFails) {
    count('faults', 'a call of the chain’s node that failed')
    incoming.socket.destroy()
    return
  }
  const { method, headers } = incoming
  const call = forward(market.rpc, { method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
    answer.pipe(outgoing)
  })
  call.on('error', () => outgoing.destroy())
  incoming.pipe(call)
}).listen(0, '127.0.0.1')
await once(node, 'listening')
const rpc = `http://127.0.0.1:${(node.address() as AddressInfo).port}`

async function run(peer: Pick<Peer, 'payee' | 'store' | 'port'>): Promise<{ process: ChildProcess; port: number }> {
  const terms = [rpc, market.currency, peer.payee, peer.store, `${peer.port}`]
  const child = fork(join(import.meta.dirname, 'peer.ts'), terms, { execArgv })
  const [port] = await once(child, 'message')
  return { process: child, port }
}

async function openPeer(name: string): Promise<Peer> {
  const payee = payeeNamed(name)
  const store = join(folder, `${name}.db`)
  const lanes: Lane[] = []
  for (let lane = 0; lane <= LANES; lane++) lanes.push(newLane(await market.openPayer(payee)))
  const running = await run({ payee, store, port: 0 })
  return { name, payee, store, lanes, vandal: lanes.pop() as Lane, ...running }
}

async function memoryOf({ process: child }: Peer): Promise<Memory> {
  child.send('memory')
  const [memory] = await once(child, 'message')
  return memory as Memory
}

/** Repeats something until the end; `every` so many milliseconds. */
function repeat(every: number, work: () => Promise<unknown>): Promise<void> {
  const turn = async (): Promise<void> => {
    await pause(every)
    if (isOver) return
    await work()
    return turn()
  }
  return turn()
}

/** What is done to each peer, by turns. */
const faults: { [what: string]: (peer: Peer) => Promise<unknown> } = {
  'a payer that hangs up once its request is out': async ({ port, vandal }) => {
    const { header } = await payment(vandal, 64n)
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.end(`GET /large HTTP/1.1\r\nhost: x\r\nscrip-payment: ${header}\r\n\r\n`, () => socket.destroy())
  },
  'a payment header of garbage': async ({ port }) => {
    count(
      'answers to garbage',
      await ask(port, '/small', Buffer.from(crypto.getRandomValues(new Uint8Array(90))).toString('base64url')),
    )
  },
  'a payment that was taken before': async ({ port, lanes }) => {
    const { last } = lanes[Math.floor(Math.random() * lanes.length)] as Lane
    if (last !== undefined) count('answers to a payment that was taken before', await ask(port, '/small', last))
  },
  'a payer that reads nothing': async ({ port, vandal }) => {
    const { header } = await payment(vandal, 256n)
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.pause()
    socket.write(`GET /large HTTP/1.1\r\nhost: x\r\nscrip-payment: ${header}\r\n\r\n`)
    setTimeout(() => socket.destroy(), 10_000).unref()
  },
}

const [steady, killed] = [await openPeer('steady'), await openPeer('killed')]
const peers = [steady, killed]
const key = generatePrivateKey()
const buyerStore = join(folder, 'buyer.db')
const { address } = privateKeyToAccount(key)
await mint(market.client, { currency: market.currency, to: address, amount: 10n ** 15n })
await market.client.waitForTransactionReceipt({
  hash: await market.client.sendTransaction({ to: address, value: parseEther('10') }),
})

let buyer: ChildProcess | undefined
const startBuyer = () => {
  const urls = peers.flatMap(({ port }) => ['/small', '/large'].map((path) => `http://127.0.0.1:${port}${path}`))
  buyer = fork(join(import.meta.dirname, 'buyer.ts'), [rpc, key, buyerStore, ...urls], { execArgv })
  buyer.on('message', (outcome: string) => count('what payingFetch got', outcome))
}
startBuyer()

const started = Date.now()
const loads = peers.flatMap((peer) =>
  peer.lanes.map(async (lane) => {
    while (!isOver) await buyOne(lane, peer.port)
  }),
)
let fault = 0
const injections = [
  repeat(100, async () => {
    const [what, work] = Object.entries(faults)[fault++ % Object.keys(faults).length] as [
      string,
      (peer: Peer) => Promise<unknown>,
    ]
    for (const peer of peers) {
      count('faults', what)
      await work(peer)
    }
  }),
  repeat(5_000, async () => {
    nodeFails = true
    await pause(2_000)
    nodeFails = false
  }),
  repeat(13_000, async () => {
    count('faults', 'kill -9 of the payer')
    const ended = buyer && once(buyer, 'exit')
    buyer?.kill('SIGKILL')
    await ended
    startBuyer()
  }),
  repeat(17_000, async () => {
    count('faults', 'kill -9 of the peer')
    const ended = once(killed.process, 'exit')
    killed.process.kill('SIGKILL')
    await ended
    Object.assign(killed, await run(killed))
  }),
]

await pause(length / 5)
const early = await memoryOf(steady)
await pause(started + length - Date.now())
const late = await memoryOf(steady)
isOver = true
await Promise.all([...loads, ...injections])
buyer?.kill('SIGKILL')
for (const { process: child } of peers) {
  const ended = once(child, 'exit')
  child.send('close')
  await ended
}

const problems: string[] = []
const sums = { acknowledged: 0n, stored: 0n, paid: 0n, served: 0n, charged: 0n }
const bought = sqliteStore(buyerStore)
const boughtPaid = new Map(
  (await bought.all(payers)).map(({ channel, voucher, tick }) => [
    channel.id,
    voucher === undefined ? 0n : voucher.total + BigInt(tick?.count ?? 0) * voucher.tickAmount,
  ]),
)
await bought.close()
for (const { name, store: path, lanes, vandal } of peers) {
  const store = sqliteStore(path)
  for (const record of await allPayeeRecords(store)) {
    const lane = [...lanes, vandal].find(({ payer }) => payer.channel.id === record.channel.id)
    const stored = paidIn(record)
    const paid = lane ? await lane.payer.paid() : (boughtPaid.get(record.channel.id) ?? 0n)
    const { acknowledged = 0n, served = 0n } = lane ?? {}
    sums.acknowledged += acknowledged
    sums.stored += stored
    sums.paid += paid
    sums.served += served
    sums.charged += record.charged
    if (stored < acknowledged) problems.push(`${name} lost ${acknowledged - stored} of ${record.channel.id}.`)
    if (stored > paid) problems.push(`${name} has ${stored - paid} of ${record.channel.id} that nobody paid.`)
    if (record.charged < served) problems.push(`${name} served ${served - record.charged} for nothing.`)
    if (record.charged > stored) problems.push(`${name} charged ${record.charged - stored} that was not paid.`)
  }
  await store.close()
}
const growth = late.held / early.held
if (growth > MOST_GROWTH) problems.push(`The memory grew ${growth.toFixed(2)} times.`)

const answered = counted('requests').find(([what]) => what === 'ok')?.[1] ?? '0'
const megabytes = ({ held, rss }: Memory) =>
  `${(held / 2 ** 20).toFixed(1)} MiB held, ${(rss / 2 ** 20).toFixed(0)} MiB resident`
const table = [
  '# Soak',
  '',
  `Two peers with a store in SQLite each, for ${minutes} minutes: ${LANES} payers each that ask as fast as they are answered, a buyer with`,
  '`payingFetch`, and the faults below, done to both by turns. One of the two is killed, and its memory starts anew; the memory is',
  'that of the other one, after a collection. Amounts are base units over all channels of both.',
  '',
  `Written on ${new Date().toISOString().slice(0, 10)} by \`npm run soak -- --update\`. Machine: ${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.versions.node}.`,
  '',
  ...tableOf(
    ['what', 'measured'],
    [
      ['requests that were paid and answered', answered],
      ['a second', number(Number(answered.replaceAll(',', '')) / (length / 1_000))],
      [`memory after ${(minutes / 5).toFixed(1)} minutes`, megabytes(early)],
      [`memory after ${minutes.toFixed(1)} minutes`, megabytes(late)],
      ['growth of what is held, at most 1.1', `${growth.toFixed(2)} ×`],
      ['acknowledged to payers', `${sums.acknowledged}`],
      ['paid, in the peers’ stores at the end', `${sums.stored}`],
      ['paid, in the payers’ stores', `${sums.paid}`],
      ['served to those 48 payers', `${sums.served}`],
      ['charged, in the peers’ stores', `${sums.charged}`],
      ['lost, or served for nothing', `${problems.length === 0 ? 'nothing' : problems.join(' ')}`],
    ],
  ),
  '',
  ...[
    'faults',
    'requests',
    'answers to garbage',
    'answers to a payment that was taken before',
    'what payingFetch got',
  ].flatMap((kind) => [...tableOf([kind, 'times'], counted(kind)), '']),
].join('\n')
console.log(table)
if (options.update === true) writeFileSync(new URL('table.md', import.meta.url), table)
for (const problem of problems) console.error(problem)
console.log('Again: npm run soak')
node.close()
node.closeAllConnections()
await market.stop()
rmSync(folder, { recursive: true })
process.exit(problems.length > 0 ? 1 : 0)
