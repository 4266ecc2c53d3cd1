import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { expect } from 'chai'
import { createPublicClient, http } from 'viem'
import { newTypist, type Typist } from '../../support/scrip.ts'

type Role = { role: string; address: string; key: string }
type Dev = { url: string; currency: string; accounts: Role[] }
type Offer = { network: string; asset: string; amount: string; payTo: string; extra: { contract: string } }
type Channels = { paying: { peer: string; paid: string; claimed: string; deposit: string }[] }

/** Stands between a buyer and an honest peer, passes everything on, and changes what the peer asks for. */
describe('a peer that asks for something else', function () {
  this.timeout(60_000)
  let typist: Typist
  let dev: Dev
  let shopUrl: string
  let between: Server
  let url: string
  let change: (offer: Offer) => void
  const who = (role: string) => dev.accounts.find((one) => one.role === role) as Role
  const as = (role: string): NodeJS.ProcessEnv => ({ SCRIP_RPC_URL: dev.url, SCRIP_KEY: who(role).key })
  const head = () => createPublicClient({ transport: http(dev.url) }).getBlockNumber({ cacheTime: 0 })

  before(async () => {
    typist = newTypist()
    mkdirSync(join(typist.folder, 'shelf'))
    writeFileSync(join(typist.folder, 'shelf', 'goods.bin'), randomBytes(20_000))
    dev = await typist.start(['dev', '--port', '0', '--chain', 'anvil', '--json']).ready()
    const terms = ['--currency', dev.currency, '--price', '0.001', '--port', '0', '--json']
    shopUrl = (await typist.start(['serve', 'shelf', ...terms], as('seller')).ready<{ url: string }>()).url
    between = createServer(async (request, response) => {
      const headers = new Headers(request.headers as Record<string, string>)
      for (const name of ['host', 'connection']) headers.delete(name)
      const answer = await fetch(new URL(request.url ?? '', shopUrl), { method: request.method ?? 'GET', headers })
      const quote = answer.headers.get('payment-required')
      const passed = Object.fromEntries(answer.headers)
      if (quote !== null) {
        const asked = JSON.parse(atob(quote))
        asked.accepts.forEach(change)
        passed['payment-required'] = btoa(JSON.stringify(asked))
      }
      response.writeHead(answer.status, passed)
      const body = answer.body === null ? [] : Readable.fromWeb(answer.body as ReadableStream<Uint8Array>)
      await pipeline(body, response).catch(() => response.destroy())
    }).listen(0, '127.0.0.1')
    await once(between, 'listening')
    url = `http://127.0.0.1:${(between.address() as AddressInfo).port}/goods.bin`
  })
  after(async () => {
    between?.close()
    await typist.leave()
  })

  const elsewhere: [what: string, change: (offer: Offer) => void, error: RegExp][] = [
    [
      'money on another chain',
      (offer) => {
        offer.network = 'eip155:1'
      },
      /^WRONG_CHAIN: The peer is paid on chain 1 through 0x\w+, not on chain 31337 through 0x\w+\. Pass the --rpc .*\n$/,
    ],
    [
      'money through another contract',
      (offer) => {
        offer.extra.contract = `0x${'12'.repeat(20)}`
      },
      /^WRONG_CHAIN: .* through 0x12\w+, not on .*\n$/,
    ],
    [
      'a currency that is none',
      (offer) => {
        offer.asset = `0x${'12'.repeat(20)}`
      },
      /^UNKNOWN_CURRENCY: There is no currency at 0x12\w+ on this chain\. .*\n$/,
    ],
    [
      'nothing',
      (offer) => {
        offer.amount = '0'
      },
      /^PROTOCOL_VIOLATION: .*\n$/,
    ],
    [
      'more than the limit',
      (offer) => {
        offer.amount = '100000001'
      },
      /^LIMIT_EXCEEDED: .*100\.000001 CLD.* 100 CLD\..*\n$/,
    ],
  ]
  for (const [what, changed, error] of elsewhere) {
    it(`gets nothing where it asks for ${what}`, async () => {
      change = changed
      const before = await head()
      const { status, stdout, stderr } = await typist.quick(['fetch', url], as('buyer'))
      expect({ status, stdout }).to.deep.equal({ status: 1, stdout: '' })
      expect(stderr).to.match(error)
      expect(await head()).to.equal(before)
    })
  }

  it('is told so where a payment is for another’s channel, and nobody can claim it', async () => {
    change = (offer) => {
      offer.payTo = who('other').address
    }
    const { status, stdout, stderr } = await typist.run(['fetch', url, '--deposit', '1'], as('buyer'))
    expect(status).to.equal(1)
    expect(stdout).to.match(/^Put 1 CLD on deposit in a channel\n {2}transaction .*\n$/)
    expect(stderr).to.match(/^WRONG_CHANNEL: The channel pays 0x\w+; this payee is 0x\w+\. .*\n$/)
    for (const role of ['seller', 'other']) {
      expect((await typist.quick(['claim'], as(role))).stdout).to.equal('Nothing to claim.\n')
    }
    const { paying } = await typist.quickData<Channels>(['channels'], as('buyer'))
    const [channel] = paying
    expect(channel).to.include({ peer: who('other').address, claimed: '0', deposit: '1000000' })
  })

  it('can be bought from as soon as it is honest', async () => {
    change = () => {}
    const { spent } = await typist.quickData<{ spent: string }>(['fetch', url], as('buyer'))
    expect(spent).to.equal('20000')
  })
})
