import type { IncomingMessage } from 'node:http'
import { isToldByPeer, type Quote } from '@scrip/sdk/http'
import { payerOf } from '@scrip/sdk/peer'
import { memoryStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import { network } from 'hardhat'
import { addresses } from '../../../sdk/chain/addresses.ts'
import { type Market, newBuyer, openMarket, openShop, type Person, type Shop } from '../../support/market.ts'
import { refusal } from '../errors/support/refusal.ts'

describe('a price that was agreed', () => {
  let market: Market
  let seller: Person
  let buyer: Person
  let shop: Shop
  let price = 5n
  const store = memoryStore()
  let requests: (string | undefined)[]
  let payers: (string | undefined)[]

  before(async () => {
    market = await openMarket(await network.create())
    seller = await market.person()
    buyer = await market.person()
    const priceOf = ({ url }: IncomingMessage) => (url === '/free' ? undefined : { perCall: price })
    shop = await openShop(
      market,
      (request, response) => {
        payers.push(payerOf(request)?.payer)
        request.resume().on('end', () => response.end('done'))
      },
      { seller, price: priceOf },
    )
    shop.server.prependListener('request', ({ headers }) => requests.push(headers['scrip-price'] as string | undefined))
  })
  beforeEach(() => {
    price = 5n
    requests = []
    payers = []
  })
  after(() => shop.close())

  const agreed = (amount: bigint): Quote => ({
    chainId: market.chainId,
    contract: addresses.paymentChannels.toLowerCase() as Quote['contract'],
    payee: seller.account.address.toLowerCase() as Quote['payee'],
    currency: market.currency.toLowerCase() as Quote['currency'],
    unit: 'call',
    amount,
  })

  it('is paid without being asked for, also where it was agreed for more', async () => {
    const { fetch, spent } = newBuyer(buyer, { agreed: agreed(5n), store, receipts: 0 })
    expect(await (await fetch(`${shop.url}/one`)).text()).to.equal('done')
    expect(await (await fetch(`${shop.url}/other`, { method: 'PUT', body: 'x'.repeat(100_000) })).text()).to.equal(
      'done',
    )
    expect(requests).to.deep.equal(['5/call', '5/call'])
    expect(spent()).to.equal(10n)
    price = 4n
    expect((await fetch(`${shop.url}/cheaper`)).ok).to.equal(true)
  })

  it('is all that is paid: who asks for more gets nothing more', async () => {
    price = 6n
    const { fetch, spent } = newBuyer(buyer, { agreed: agreed(5n), store, receipts: 0 })
    const error = await refusal(() => fetch(`${shop.url}/dearer`))
    expect(error.code).to.equal('PAYMENT_REQUIRED')
    expect(isToldByPeer(error)).to.equal(true)
    expect(spent()).to.equal(5n)
    expect(payers).to.deep.equal([])
  })

  it('is for one payee', async () => {
    const stranger = await market.person()
    const { fetch, spent } = newBuyer(buyer, {
      agreed: { ...agreed(5n), payee: stranger.account.address.toLowerCase() as Quote['payee'] },
      store,
      receipts: 0,
    })
    const error = await refusal(() => fetch(`${shop.url}/one`))
    expect(error.code).to.equal('WRONG_CHANNEL')
    expect(spent()).to.equal(5n)
  })

  it('is known to the handler by who paid it', async () => {
    const { fetch } = newBuyer(buyer, { store, receipts: 0 })
    await (await fetch(`${shop.url}/one`)).text()
    await (await fetch(`${shop.url}/free`)).text()
    expect(payers).to.deep.equal([buyer.account.address.toLowerCase(), undefined])
  })

  it('is asked for in vain by who sends much, and reads that before the connection closes', async () => {
    for (let round = 0; round < 10; round++) {
      const answer = await fetch(`${shop.url}/one`, { method: 'PUT', body: new Uint8Array(3_000_000) })
      expect(answer.status).to.equal(402)
      expect(answer.headers.get('connection')).to.equal('close')
      expect(await answer.json()).to.include({ code: 'PAYMENT_REQUIRED' })
    }
  })
})
