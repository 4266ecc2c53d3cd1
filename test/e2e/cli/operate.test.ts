import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { newTypist, type Running, type Typist } from '../../support/scrip.ts'

type Role = { role: string; address: string; key: string }
type Dev = { url: string; currency: string; networkId: string; accounts: Role[] }
type Shop = { url: string; admin: string; price: string; per: string }
type Entry = { event?: string; level: number; time: string } & Record<string, unknown>

/** The price of an answer, in base units. */
const PRICE = 500_000

describe('operating a peer', function () {
  this.timeout(60_000)
  let typist: Typist
  let dev: Dev
  let chain: Running
  let upstream: Server
  let upstreamUrl: string
  const seen: { url: string | undefined; headers: IncomingHttpHeaders }[] = []
  /** An answer whose head is out and whose body is not. */
  let halfway: ServerResponse | undefined

  const who = (role: string) => dev.accounts.find((one) => one.role === role) as Role
  const as = (role: string, more: NodeJS.ProcessEnv = {}) => ({
    SCRIP_RPC_URL: dev.url,
    SCRIP_KEY: who(role).key,
    ...more,
  })
  let running: Running
  const serve = (...words: string[]) => {
    const all = ['serve', '--config', 'peer.json', '--port', '0', '--admin', '0', '--json', ...words]
    running = typist.start(all, as('seller'))
    return running.ready<Shop>()
  }
  const logOf = ({ printed }: Running): Entry[] =>
    printed.stdout
      .split('\n')
      .slice(1)
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
  const look = async (url: string) => {
    const answer = await fetch(url)
    const text = await answer.text()
    return { status: answer.status, text }
  }
  const ready = async ({ admin }: Shop) => {
    const { status, text } = await look(`${admin}/ready`)
    return { status, ...JSON.parse(text) }
  }
  const stop = async (shop: Running) => {
    shop.child.kill('SIGTERM')
    expect(await shop.ended).to.include({ status: 0, stderr: '' })
  }

  before(async () => {
    typist = newTypist()
    chain = typist.start(['dev', '--port', '0', '--chain', 'anvil', '--json'])
    dev = await chain.ready()
    upstream = createServer((request, response) => {
      seen.push({ url: request.url, headers: request.headers })
      if (request.url === '/broken') response.destroy()
      else if (request.url === '/slow') {
        response.writeHead(200, { 'content-length': 6 }).write('one')
        halfway = response
      } else response.end(`You asked for ${request.url}`)
    }).listen(0, '127.0.0.1')
    await once(upstream, 'listening')
    upstreamUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
    writeFileSync(
      join(typist.folder, 'peer.json'),
      JSON.stringify({ currency: dev.currency, upstream: upstreamUrl, price: 0.5, per: 'call' }),
    )
  })
  after(async () => {
    upstream.close()
    upstream.closeAllConnections()
    await typist.leave()
  })

  // The store is one process's at a time: what a failed test leaves running would fail the next.
  afterEach(async () => {
    running.child.kill('SIGKILL')
    await running.ended
  })

  it('puts a price before a server that knows nothing of it, and counts and logs what it sells', async () => {
    const shop = await serve('--no-claim')
    expect(shop).to.deep.include({ price: `${PRICE}`, per: 'call' })
    expect((await look(`${shop.url}/page`)).status).to.equal(402)
    expect(seen, 'who does not pay does not get as far').to.have.length(0)

    for (const page of ['one', 'two'])
      await typist.quickData(['fetch', `${shop.url}/${page}`, '--output', `${page}.txt`], as('buyer'))
    expect(readFileSync(join(typist.folder, 'one.txt'), 'utf8')).to.equal('You asked for /one')
    expect(seen.map(({ url }) => url)).to.deep.equal(['/one', '/two'])
    for (const { headers } of seen) {
      expect(Object.keys(headers).filter((name) => name.startsWith('scrip-'))).to.deep.equal([])
      expect(headers['x-forwarded-for']).to.equal('127.0.0.1')
    }

    const failed = await typist.quick(['fetch', `${shop.url}/broken`], as('buyer'))
    expect(failed.stderr).to.match(/UPSTREAM_FAILED|502/)

    expect(await look(`${shop.admin}/health`)).to.deep.equal({ status: 200, text: '{"healthy":true}' })
    expect(await ready(shop)).to.deep.equal({ status: 200, ready: true, chain: 'ok', store: 'ok' })
    expect((await look(`${shop.admin}/elsewhere`)).status).to.equal(404)
    const { text } = await look(`${shop.admin}/metrics`)
    const value = (name: string) => Number(new RegExp(`^${name}\\S* (\\S+)$`, 'm').exec(text)?.[1])
    expect(value('scrip_charged_units_total'), 'what failed costs nothing').to.equal(2 * PRICE)
    expect(value('scrip_sold_bytes_total')).to.equal(2 * 'You asked for /one'.length)
    expect(value('scrip_requests_total{status="200"'), 'two answers, and a receipt for each').to.equal(4)
    expect(value('scrip_unclaimed_units')).to.be.within(2 * PRICE, 3 * PRICE)
    expect(value('process_resident_memory_bytes')).to.be.greaterThan(0)

    await stop(running)
    const sales = logOf(running).filter(({ event }) => event === 'sale')
    expect(sales.map(({ resource, status, charged }) => [resource, status, charged])).to.deep.equal([
      ['GET /one', 200, `${PRICE}`],
      ['GET /two', 200, `${PRICE}`],
      ['GET /broken', 502, '0'],
    ])
    expect(sales[0]).to.include({ level: 30, bytes: 18, payer: who('buyer').address.toLowerCase() })
  })

  it('claims what is due by itself, and has it counted', async () => {
    const shop = await serve('--claim-value', '0.5', '--network', dev.networkId)
    const claimed = async () => {
      const { text } = await look(`${shop.admin}/metrics`)
      return Number(/^scrip_claimed_units_total\S* (\S+)$/m.exec(text)?.[1])
    }
    const history = async () =>
      typist.quickData<{ edges: { served: string }[] }>(['history', '--network', dev.networkId], as('buyer'))
    await until(async () => (await history()).edges.length > 0)
    expect(await claimed()).to.be.at.least(2 * PRICE)
    expect((await history()).edges.map(({ served }) => Number(served))).to.deep.equal([await claimed()])
    const [claim] = logOf(running).filter(({ event }) => event === 'claim')
    expect(claim?.['hash']).to.match(/^0x[0-9a-f]{64}$/)
    await stop(running)
  })

  it('lets an answer under way end where a service manager stops it, and nobody in any more', async () => {
    const shop = await serve()
    const purchase = typist.start(['fetch', `${shop.url}/slow`, '--output', 'slow.txt'], as('buyer'))
    await until(async () => halfway !== undefined)
    running.child.kill('SIGTERM')
    await until(async () => (await ready(shop)).status === 503)
    expect(await look(`${shop.url}/page`)).to.deep.include({ status: 503 })
    halfway?.end('two')
    expect(await purchase.ended).to.include({ status: 0 })
    expect(readFileSync(join(typist.folder, 'slow.txt'), 'utf8')).to.equal('onetwo')
    expect(await running.ended).to.include({ status: 0 })
  })

  it('waits for an answer under way no longer than it was told', async () => {
    halfway = undefined
    const shop = await serve('--grace', '0', '--no-claim')
    const purchase = typist.start(['fetch', `${shop.url}/slow`, '--output', 'never.txt'], as('buyer'))
    await until(async () => halfway !== undefined)
    await stop(running)
    expect(await purchase.ended).to.include({ status: 1 })
  })

  it('takes the command line before the environment, and that before its file', async () => {
    mkdirSync(join(typist.folder, 'shelf'))
    writeFileSync(join(typist.folder, 'shelf.json'), JSON.stringify({ currency: dev.currency, price: '1', port: 0 }))
    const priceOf = async (words: string[], environment: NodeJS.ProcessEnv) => {
      const shop = typist.start(['serve', 'shelf', '--json', ...words], as('seller', environment))
      const { price } = await shop.ready<Shop>()
      await stop(shop)
      return price
    }
    const file = { SCRIP_CONFIG: 'shelf.json' }
    expect(await priceOf([], file)).to.equal('1000000')
    expect(await priceOf([], { ...file, SCRIP_PRICE: '2' })).to.equal('2000000')
    expect(await priceOf(['--price', '3'], { ...file, SCRIP_PRICE: '2' })).to.equal('3000000')
    expect(await priceOf(['--price', '3', '--config', 'shelf.json'], {})).to.equal('3000000')
  })

  it('loses nothing while it is away, where it told a watchtower', async () => {
    const watch = () => typist.start(['watchtower', '--port', '0'], as('other'))
    const first = watch()
    const towerUrl = await first.saying(/--watchtower (http:\S+)`/)
    const shop = await serve('--no-claim')
    await typist.quickData(['fetch', `${shop.url}/three`, '--output', 'three.txt'], as('buyer'))
    await stop(running)
    await serve('--no-claim', '--watchtower', towerUrl)
    const channel = await first.saying(/watching (0x[0-9a-f]{64}) for /)
    running.child.kill('SIGKILL')

    // The payer thinks that nobody looks, and the tower has to remember what it was told.
    await typist.quickData(['channels', 'exit', channel], as('buyer'))
    first.child.kill('SIGKILL')
    await first.ended
    const second = watch()
    await second.saying(/claimed from (1 channel)/)
    second.child.kill('SIGTERM')
    expect(await second.ended).to.include({ status: 0, stderr: '' })
    const { earning } = await typist.quickData<{ earning: { channelId: string; paid: string; claimed: string }[] }>(
      ['channels'],
      as('seller'),
    )
    expect(earning.filter(({ paid, claimed }) => paid !== claimed)).to.deep.equal([])
  })

  it('is not ready where the chain is gone, and says so', async () => {
    const shop = await serve()
    chain.child.kill('SIGTERM')
    await chain.ended
    expect(await ready(shop)).to.deep.equal({ status: 503, ready: false, chain: 'RPC_UNREACHABLE', store: 'ok' })
    expect((await look(`${shop.admin}/health`)).status).to.equal(200)
    await stop(running)
  })
})

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 50))
}
