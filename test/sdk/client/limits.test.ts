import type { RequestListener } from 'node:http'
import { ScripError } from '@scrip/sdk/errors'
import { expect } from 'chai'
import { network } from 'hardhat'
import { bytes, type Market, newBuyer, openMarket, openShop, type Person } from '../../support/market.ts'

describe('payingFetch and its limits', () => {
  let market: Market
  let person: Person

  before(async () => {
    market = await openMarket(await network.create())
    person = await market.person()
  })

  const sell: RequestListener = (request, response) => {
    const size = Number(/\d+/.exec(request.url ?? '')?.[0])
    if (request.url?.startsWith('/sized')) response.writeHead(200, { 'content-length': size })
    response.write(bytes(size))
    response.end()
  }
  const spend = async (path: string, limits: { perRequest: bigint; perDay?: bigint }) => {
    const shop = await openShop(market, sell, { seller: await market.person() })
    const buyer = newBuyer(person, { limits, deposit: 100n })
    try {
      const answer = await buyer.fetch(shop.url + path)
      return { received: (await answer.arrayBuffer()).byteLength, spent: buyer.spent() }
    } catch (error) {
      return { code: error instanceof ScripError ? error.code : error, spent: buyer.spent() }
    } finally {
      await shop.close()
    }
  }

  for (const path of ['/sized', '/chunked'] as const) {
    it(`let through what costs exactly as much: ${path}`, async () => {
      expect(await spend(`${path}/10240`, { perRequest: 10n })).to.deep.equal({ received: 10_240, spent: 10n })
      expect(await spend(`${path}/10240`, { perRequest: 20n, perDay: 10n })).to.deep.equal({
        received: 10_240,
        spent: 10n,
      })
    })
  }

  it('refuse what is known to cost more, by the request and by the day, after its first kilobyte', async () => {
    expect(await spend('/sized/10241', { perRequest: 10n })).to.deep.equal({ code: 'LIMIT_EXCEEDED', spent: 1n })
    expect(await spend('/sized/10241', { perRequest: 20n, perDay: 10n })).to.deep.equal({
      code: 'LIMIT_EXCEEDED',
      spent: 1n,
    })
  })

  it('end what turns out to cost more', async () => {
    expect(await spend('/chunked/10241', { perRequest: 10n })).to.deep.equal({ code: 'LIMIT_EXCEEDED', spent: 10n })
    expect(await spend('/chunked/10241', { perRequest: 20n, perDay: 10n })).to.deep.equal({
      code: 'LIMIT_EXCEEDED',
      spent: 10n,
    })
  })
})
