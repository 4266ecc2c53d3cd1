import { mkdtempSync, rmSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { getHoldings } from '@scrip/sdk/chain'
import type { PayerRecord } from '@scrip/sdk/channels'
import { sqliteStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import { network } from 'hardhat'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { findChannels } from '../../../sdk/chain/findChannels.ts'
import { listen, type Market, openMarket, openShop, type Shop } from '../../support/market.ts'
import { run } from '../store/support/run.ts'

const DEPOSIT = 1_000n
const GRANT = 10n ** 9n

describe('a buyer that is killed while it opens a channel', () => {
  let market: Market
  let shop: Shop
  let folder: string

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'scrip-opening-'))
    market = await openMarket(await network.create())
    shop = await openShop(market, (_, response) => response.end('goods'), { seller: await market.person() })
  })
  after(async () => {
    await shop.close()
    rmSync(folder, { recursive: true })
  })

  /** A node that the buyer's process reaches, which stops it at a call before or after that is carried out. */
  const openNode = async () => {
    let halt: { method: string; isCarriedOut: boolean; reached: () => void } | undefined
    const call = async (body: { id: number; method: string; params: unknown[] }, response: ServerResponse) => {
      const stop = halt?.method === body.method ? halt : undefined
      if (stop && !stop.isCarriedOut) return stop.reached()
      const answer = await market.provider
        .request({ method: body.method, params: body.params })
        .then((result) => ({ result }))
        .catch(({ code, message, data }) => ({ error: { code, message, data } }))
      if (stop) return stop.reached()
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ jsonrpc: '2.0', id: body.id, ...answer }))
    }
    const site = await listen((request, response) => {
      buffer(request).then((body) => call(JSON.parse(body.toString()), response))
    })
    const haltAt = (method: string, isCarriedOut: boolean) =>
      new Promise<void>((resolve) => {
        halt = { method, isCarriedOut, reached: resolve }
      })
    return { ...site, haltAt, goOn: () => (halt = undefined) }
  }

  const moments: [when: string, method: string, isCarriedOut: boolean][] = [
    ['before the transaction is sent', 'eth_sendRawTransaction', false],
    ['when the transaction is sent, and it does not know', 'eth_sendRawTransaction', true],
    ['before it sees the transaction mined', 'eth_getTransactionReceipt', false],
  ]
  for (const [when, method, isCarriedOut] of moments) {
    it(`${when} goes on with that channel, and deposits once`, async () => {
      const key = generatePrivateKey()
      const person = await market.person(GRANT, privateKeyToAccount(key))
      const node = await openNode()
      const path = join(folder, `${method}-${isCarriedOut}.db`)
      const start = () => run(new URL('./support/buyerProcess.ts', import.meta.url), [path, node.url, key, shop.url])
      try {
        const reached = node.haltAt(method, isCarriedOut)
        const killed = start()
        await reached
        await killed.kill()
        const store = sqliteStore(path)
        const planned = await store.all<PayerRecord>('payers')
        await store.close()
        expect(planned).to.have.lengthOf(1)

        node.goOn()
        const second = start()
        expect(await second.line(0)).to.equal('5')
        await second.end()
        const channels = await findChannels(person.client, { payer: person.account.address })
        expect(channels.map(({ id }) => id)).to.deep.equal(planned.map(({ channel }) => channel.id))
        const { wallet } = await getHoldings(person.client, { currency: market.currency })
        expect(GRANT - wallet).to.equal(DEPOSIT)
      } finally {
        await node.close()
      }
    }).timeout(30_000)
  }
})
