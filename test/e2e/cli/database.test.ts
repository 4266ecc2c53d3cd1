import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'chai'
import { type Database, startDatabase } from '../../support/postgres.ts'
import { newTypist, type Running, type Typist } from '../../support/scrip.ts'

const SIZE = 1_000_000
const KILOBYTES = Math.ceil(SIZE / 1_024)
/** Base units of a kilobyte. */
const PRICE = 1_000

/** Kilobytes that a buyer pays ahead, and one for each end of a download that was cut off: credit, where it is not used. */
const MOST_LEFT = 64 + 2

type Role = { role: string; address: string; key: string }
type Dev = { url: string; currency: string; accounts: Role[] }
type Shop = { running: Running; port: string }
type Channels = { paying: { paid: string }[]; earning: { paid: string }[] }

describe('a shop whose store is a database', function () {
  this.timeout(120_000)
  let typist: Typist
  let database: Database
  let store: string
  let dev: Dev
  let shops: Shop[]
  let front: Server
  let frontUrl: string
  const requests = [0, 0]
  const content = randomBytes(SIZE)
  const large = randomBytes(8 * SIZE)
  const as = (role: string): NodeJS.ProcessEnv => ({
    SCRIP_RPC_URL: dev.url,
    SCRIP_KEY: dev.accounts.find((one) => one.role === role)?.key,
  })

  const openShop = async (port = '0', ...more: string[]): Promise<Shop> => {
    const terms = ['--currency', dev.currency, '--price', '0.001', '--port', port, '--json', ...more]
    const running = typist.start(['serve', 'shelf', ...terms, '--store', store], as('seller'))
    const { url } = await running.ready<{ url: string }>()
    return { running, port: new URL(url).port }
  }
  /** What the buyer paid, by its own store and by the shops'. */
  const paid = async () => {
    const [{ paying }, { earning }] = await Promise.all([
      typist.quickData<Channels>(['channels'], as('buyer')),
      typist.quickData<Channels>(['channels', '--store', store], as('seller')),
    ])
    return [paying, earning].map((channels) => channels.map(({ paid }) => Number(paid) / PRICE))
  }
  /** Runs a command that is expected to succeed: all that it may say meanwhile is how far it is. */
  const succeeds = async (words: string[], role: string) => {
    const { status, stderr } = await typist.quick([...words, '--json'], as(role))
    const errors = stderr.split('\n').filter((line) => line !== '' && !/ MB, \d+ payments, /.test(line))
    expect({ status, errors }).to.deep.equal({ status: 0, errors: [] })
  }
  /** Buys as soon as the shops found their database again: a moment after that is there. */
  const succeedsSoon = async (words: string[], role: string) => {
    for (;;) {
      const { status, stderr } = await typist.quick([...words, '--json'], as(role))
      if (status === 0) return
      expect(problemIn(stderr).code).to.be.oneOf(['STORE_FAILED', 'STORE_UNCERTAIN', 'TRANSFER_INTERRUPTED'])
    }
  }
  const order = (output: string) => ['fetch', `${frontUrl}/goods.bin`, '-o', output]

  before(async () => {
    typist = newTypist()
    mkdirSync(join(typist.folder, 'shelf'))
    writeFileSync(join(typist.folder, 'shelf', 'goods.bin'), content)
    writeFileSync(join(typist.folder, 'shelf', 'large.bin'), large)
    const chain = typist.start(['dev', '--port', '0', '--chain', 'anvil', '--json']).ready<Dev>()
    database = await startDatabase()
    store = await database.schema()
    dev = await chain
    shops = await Promise.all([openShop(), openShop()])
    // What stands before several servers gives each request to the next one.
    let turn = 0
    front = createServer((incoming, outgoing) => {
      const index = turn++ % 2
      requests[index] = (requests[index] ?? 0) + 1
      const { method, url, headers } = incoming
      const onward = request({ port: shops[index]?.port, host: '127.0.0.1', method, path: url, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(outgoing)
        answer.on('error', () => outgoing.destroy())
      })
      onward.on('error', () => outgoing.destroy())
      outgoing.on('close', () => onward.destroy())
      incoming.pipe(onward)
    }).listen(0, '127.0.0.1')
    await once(front, 'listening')
    frontUrl = `http://127.0.0.1:${(front.address() as AddressInfo).port}`
  })

  after(async () => {
    front?.closeAllConnections()
    front?.close()
    await typist.leave()
    await database?.remove()
  })

  it('sells one file from two processes, whichever of them the payments come to', async () => {
    await succeeds(order('one.bin'), 'buyer')
    expect(readFileSync(join(typist.folder, 'one.bin')).equals(content)).to.equal(true)
    expect(Math.min(...requests)).to.be.greaterThan(1)
    expect(await paid()).to.deep.equal([[KILOBYTES], [KILOBYTES]])
  })

  it('goes on where one of them is killed, and is started again', async () => {
    const [victim] = shops as [Shop, Shop]
    victim.running.child.kill('SIGKILL')
    await victim.running.ended
    shops[0] = await openShop(victim.port)
    await succeeds(order('two.bin'), 'buyer')
    expect(await paid()).to.deep.equal([[2 * KILOBYTES], [2 * KILOBYTES]])
  })

  it('refuses with a code while the database is away, and sells again when it is back: nothing is paid twice', async () => {
    await database.crash()
    const refused = await typist.quick([...order('three.bin'), '--json'], as('buyer'))
    expect(refused.status).to.equal(1)
    const { code, status } = problemIn(refused.stderr)
    expect(code).to.be.oneOf(['STORE_FAILED', 'STORE_UNCERTAIN'])
    expect(status).to.be.within(500, 599)
    await database.start()
    await succeedsSoon(order('three.bin'), 'buyer')
    expect(readFileSync(join(typist.folder, 'three.bin')).equals(content)).to.equal(true)
    expect(await paid()).to.deep.equal([[3 * KILOBYTES], [3 * KILOBYTES]])
  })

  it('loses nothing of a download under way when the database goes away, and comes back', async () => {
    const words = ['fetch', `${frontUrl}/large.bin`, '-o', 'large.bin']
    const size = () => statSync(join(typist.folder, 'large.bin.part'), { throwIfNoEntry: false })?.size ?? 0
    const purchase = typist.start(words, as('buyer'))
    while (size() < 1_000_000) {
      const over = await Promise.race([purchase.ended, pause(5)])
      if (over !== undefined) throw new Error(`The download ended early: ${over.stderr}`)
    }
    await database.crash()
    const ended = await purchase.ended
    expect(ended.status).to.equal(1)
    expect(ended.stderr).to.match(/TRANSFER_INTERRUPTED|STORE_/)
    await database.start()
    await succeedsSoon(words, 'buyer')
    expect(readFileSync(join(typist.folder, 'large.bin')).equals(large)).to.equal(true)
    const [[bought], [sold]] = (await paid()) as [[number], [number]]
    expect(bought).to.equal(sold)
    expect(sold - 3 * KILOBYTES - Math.ceil(large.length / 1_024)).to.be.within(0, MOST_LEFT)
  })

  it('pays from a database, too', async () => {
    const words = ['fetch', `${frontUrl}/goods.bin`, '--store', store, '-o', 'four.bin']
    // One of the shops may have found its database again, and the other one not yet.
    for (const { port } of shops)
      await succeedsSoon(['fetch', `http://127.0.0.1:${port}/goods.bin`, '-o', `${port}.bin`], 'buyer')
    await succeeds(words, 'other')
    expect(readFileSync(join(typist.folder, 'four.bin')).equals(content)).to.equal(true)
    const { paying } = await typist.quickData<Channels>(['channels', '--store', store], as('other'))
    expect(paying.map(({ paid }) => Number(paid) / PRICE)).to.deep.equal([KILOBYTES])
  })

  it('claims from the database what both sold', async () => {
    const [, sold = []] = await paid()
    const claimed = await typist.quick(['claim', '--store', store], as('seller'))
    expect(claimed).to.include({ status: 0, stderr: '' })
    expect(sold).to.have.length(2)
    for (const kilobytes of sold) expect(claimed.stdout).to.contain(`Claimed ${kilobytes / 1_000} CLD from `)
  })

  it('has the next process claim where the one that did is killed', async () => {
    const heir = await openShop('0', '--claim-value', '0.5')
    // One of them claims; the heir cannot as long as it lives.
    for (const { running } of shops) running.child.kill('SIGKILL')
    await succeeds(['fetch', `http://127.0.0.1:${heir.port}/goods.bin`, '-o', 'five.bin'], 'buyer')
    await heir.running.saying(/"event":"(claim)"/)
    const { earning } = await typist.quickData<{ earning: { paid: string; claimed: string }[] }>(
      ['channels', '--store', store],
      as('seller'),
    )
    for (const { paid, claimed } of earning) expect(claimed).to.equal(paid)
  })
})

/** The problem that a command ended with, after what it said of how far it was. */
function problemIn(stderr: string): { code: string; status: number } {
  return JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '')
}
