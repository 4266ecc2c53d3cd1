import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addresses } from '@scrip/sdk/abi'
import type { Currency } from '@scrip/sdk/chain'
import { createPayee, createPayer, type Payee } from '@scrip/sdk/channels'
import { payingFetch, x402ChannelClient } from '@scrip/sdk/client'
import { writeJson, writePaymentHeader, type X402Payment } from '@scrip/sdk/http'
import { x402ChannelFacilitator, x402ChannelServer } from '@scrip/sdk/peer'
import { memoryStore, type Store, sqliteStore } from '@scrip/sdk/store'
import { decodePaymentRequiredHeader, decodePaymentResponseHeader } from '@x402/core/http'
import { HTTPFacilitatorClient, x402ResourceServer } from '@x402/core/server'
import { ExactEvmScheme } from '@x402/evm'
import { wrapFetchWithPaymentFromConfig } from '@x402/fetch'
import { expect } from 'chai'
import { type Address, createClient, http } from 'viem'
import { listen, stopListening } from './support/listen.ts'
import { newAccount } from './support/payers.ts'
import { startWorld, type World } from './support/world.ts'
import { x402Fetch } from './support/x402Buyer.ts'
import { channelService } from './support/x402ChannelService.ts'
import { facilitatorServer } from './support/x402Facilitator.ts'
import { channelFetch } from './support/x402Payer.ts'
import { readerFetch } from './support/x402Reader.ts'
import { offers, sellerServer } from './support/x402Seller.ts'
import { type Pages, paidFetch, servers } from './support/x402Servers.ts'

const price = 1_000n
const dear = 3_000n
const grant = 1_000_000n
type Kind = keyof typeof servers
const kinds: Kind[] = ['express', 'hono', 'fetch']

describe('the scheme channel in stock x402', function () {
  this.timeout(30_000)
  let world: World
  let exact: HTTPFacilitatorClient
  let currency: Currency
  before(async () => {
    world = await startWorld()
    exact = new HTTPFacilitatorClient({ url: await listen(facilitatorServer(world.person(1))) })
    currency = await world.issuer.getCurrency({ currency: await world.createCurrency({ name: 'Währung' }) })
  })
  after(stopListening)
  after(() => world.stop())

  const network = () => `eip155:${world.chainId}` as const

  /** What somebody has of the currency outside of channels. */
  const fortune = async (owner: Address) => {
    const { wallet, withdrawable } = await world.issuer.getHoldings({ currency: currency.address, owner })
    return wallet + withdrawable
  }

  const newPayee = (address: Address = newAccount().address, store: Store = memoryStore()) =>
    createPayee({
      account: { address },
      store,
      accept: {
        chainId: world.chainId,
        contract: addresses.paymentChannels,
        currencies: [currency.address, world.issuer.account.address],
        maxExposure: 0n,
      },
    })

  const termsOf = (payTo: Address, amount = price) => {
    const { address, name } = currency
    return offers({ chainId: world.chainId, currency: address, name, amount, payTo })
  }

  /** A stock server that sells pages for the payee. */
  const openShop = async (kind: Kind, payee = newPayee(), more: Pages = {}, server?: x402ResourceServer) => {
    const pages: Pages = {
      '/report': async () => [200, 'It rains.'],
      '/dear': async () => [200, 'It pours.'],
      '/failing': async () => [500, 'The sky fell down.'],
      ...more,
    }
    const payTo = payee.address
    const routes = Object.fromEntries(
      Object.keys(pages).map((path) => [`GET ${path}`, termsOf(payTo, path === '/dear' ? dear : price)]),
    )
    const seller = server ?? sellerServer({ chainId: world.chainId, client: world.issuer, payee, exact })
    const url = await listen(servers[kind](seller, routes, pages))
    return { payee, payTo, url, books: () => booksOf(payee) }
  }

  /** Somebody with coins and the currency, and a fetch that remembers what it sent. */
  const newBuyer = async (store: Store = memoryStore(), account = newAccount()) => {
    const client = world.as(account)
    const { address } = account
    if ((await client.getBalance({ address })) === 0n) {
      await world.give(address)
      await world.issuer.mint({ currency: currency.address, to: address, amount: grant })
    }
    const sent: string[] = []
    const recording: typeof fetch = (input, init) => {
      const request = new Request(input, init)
      const payment = request.headers.get('payment-signature')
      if (payment !== null) sent.push(payment)
      return fetch(request)
    }
    const payer = { client, signer: account, store }
    return {
      ...payer,
      account,
      sent,
      pay: channelFetch({ ...payer, chainId: world.chainId, currency }, recording),
      transactions: () => client.getTransactionCount({ address }),
    }
  }

  /** Asks with a payment that was made before, changed or not. */
  const present = (url: string, payment: X402Payment | string) => {
    const header = typeof payment === 'string' ? payment : writeJson(payment)
    return fetch(url, { headers: { 'payment-signature': header } })
  }

  for (const kind of kinds) {
    describe(`on a stock ${kind} server`, () => {
      it('is paid by a stock client, a request at a time, from one deposit, and claimed in one transaction', async () => {
        const { url, books, payee, payTo } = await openShop(kind)
        const { pay, account, transactions } = await newBuyer()
        for (let request = 1n; request <= 5n; request++) {
          const response = await pay(`${url}/report`)
          expect(response.status).to.equal(200)
          expect(await response.text()).to.equal('It rains.')
          const { extra, ...settled } = settlementIn(response)
          const payer = account.address.toLowerCase()
          expect(settled).to.deep.equal({
            success: true,
            transaction: '',
            network: network(),
            payer,
            amount: `${price}`,
          })
          expect(extra).to.include({ accepted: `${request * price}`, credit: '0' })
        }
        expect(await transactions()).to.equal(1)
        expect(await books()).to.deep.equal(served(5n * price))
        await world.issuer.claimBatch({ claims: await payee.claimable() })
        expect(await fortune(payTo)).to.equal(5n * price)
      })

      it('stands beside exact, which a stock client without this package pays', async () => {
        const { url, books, payTo } = await openShop(kind)
        const stranger = newAccount()
        await world.issuer.mint({ currency: currency.address, to: stranger.address, amount: price })
        const limit = { chainId: world.chainId, currency: currency.address, most: price }
        const response = await x402Fetch(stranger, limit)(`${url}/report`)
        expect(await response.text()).to.equal('It rains.')
        expect(settlementIn(response).transaction).to.match(/^0x[0-9a-f]{64}$/)
        expect([await fortune(stranger.address), await fortune(payTo)]).to.deep.equal([0n, price])
        expect(await books()).to.deep.equal(served(0n))
      })

      it('is what payingFetch takes, also where it may pay exact', async () => {
        const { url, books, payTo } = await openShop(kind)
        const { client, signer, store, transactions } = await newBuyer()
        const pay = readerFetch({ client, signer, store, tokens: [currency.address] })
        expect(await (await pay(`${url}/report`)).text()).to.equal('It rains.')
        expect(await (await pay(`${url}/dear`)).text()).to.equal('It pours.')
        expect(await books()).to.deep.equal(served(price + dear))
        expect([await transactions(), await fortune(payTo)]).to.deep.equal([1, 0n])
      })

      it('costs nothing where the answer fails: what was paid for it buys the next ones', async () => {
        const { url, books } = await openShop(kind)
        const { pay } = await newBuyer()
        const failed = await pay(`${url}/failing`)
        expect([failed.status, await failed.text()]).to.deep.equal([500, 'The sky fell down.'])
        expect(await books()).to.deep.equal({ accepted: price, charged: 0n, credit: price })
        // A payment that adds nothing could be anybody's: one unit comes on top.
        expect((await pay(`${url}/report`)).status).to.equal(200)
        expect(await books()).to.deep.equal({ accepted: price + 1n, charged: price, credit: 1n })
        expect((await pay(`${url}/report`)).status).to.equal(200)
        expect(await books()).to.deep.equal(served(2n * price))
      })

      it('carries many requests at once, each at its price', async () => {
        const { url, books, payee } = await openShop(kind)
        const { pay } = await newBuyer()
        const statuses = await Promise.all(Array.from({ length: 32 }, async () => (await pay(`${url}/report`)).status))
        expect(new Set(statuses)).to.deep.equal(new Set([200]))
        expect(await books()).to.deep.equal(served(32n * price))
        expect(await payee.claimable()).to.have.lengthOf(1)
      })

      it('takes a payment once, also while the answer to it is still awaited', async () => {
        let release = () => {}
        const slow = new Promise<void>((resolve) => {
          release = resolve
        })
        let asked = () => {}
        const began = new Promise<void>((resolve) => {
          asked = resolve
        })
        const more: Pages = {
          '/slow': async () => {
            asked()
            await slow
            return [200, 'It snows.']
          },
        }
        const { url, books } = await openShop(kind, newPayee(), more)
        const { pay, sent } = await newBuyer()
        const answer = pay(`${url}/slow`)
        await began
        const [payment = ''] = sent
        for (const path of ['/slow', '/report']) {
          expect(await refused(present(`${url}${path}`, payment))).to.equal('PAYMENT_REPLAYED')
        }
        release()
        expect(await (await answer).text()).to.equal('It snows.')
        expect(await refused(present(`${url}/report`, payment))).to.equal('PAYMENT_REPLAYED')
        expect(await books()).to.deep.equal(served(price))
      })

      it('is refused on other terms than the route’s, and then nothing is taken', async () => {
        const { url, books } = await openShop(kind)
        const elsewhere = await openShop(kind)
        const { pay, sent } = await newBuyer()
        await pay(`${elsewhere.url}/report`)
        const payment = read(sent[0])
        const { accepted } = payment
        const changes: [string, object][] = [
          ['amount', { ...accepted, amount: '1' }],
          ['payTo', { ...accepted, payTo: newAccount().address }],
          ['asset', { ...accepted, asset: newAccount().address }],
          ['network', { ...accepted, network: 'eip155:1' }],
          ['contract', { ...accepted, extra: { ...accepted.extra, contract: newAccount().address } }],
          ['scheme', { ...accepted, scheme: 'upto' }],
        ]
        for (const [field, accepted] of changes) {
          const altered = { ...payment, accepted } as X402Payment
          expect(await refused(present(`${elsewhere.url}/report`, altered)), field).to.match(/^No matching payment/)
        }
        // With this route's own terms, it is still a payment to somebody else.
        const asked = decodePaymentRequiredHeader((await fetch(`${url}/report`)).headers.get('payment-required') ?? '')
        const redirected = { ...payment, accepted: asked.accepts[0] } as X402Payment
        expect(await refused(present(`${url}/report`, redirected))).to.equal('WRONG_CHANNEL')
        expect(await books()).to.deep.equal(served(0n))
        expect(await elsewhere.books()).to.deep.equal(served(price))
      })
    })
  }

  it('is what a stock client takes that has both schemes, because it is offered first', async () => {
    const { url, payTo, books } = await openShop('express')
    const { client, signer, store } = await newBuyer()
    const channel = x402ChannelClient({ client, signer, store, limits: { perRequest: price }, currencies: [currency] })
    const allowedAssets = [{ network: network(), asset: currency.address }]
    const pay = wrapFetchWithPaymentFromConfig(fetch, {
      schemes: [
        { network: network(), client: new ExactEvmScheme(signer) },
        { network: network(), client: channel },
      ],
      spendControls: { allowedAssets },
    })
    expect((await pay(`${url}/report`)).status).to.equal(200)
    expect([await books(), await fortune(payTo)]).to.deep.equal([served(price), 0n])
  })

  it('costs nothing where a handler in the style of fetch throws', async () => {
    const payee = newPayee()
    const seller = sellerServer({ chainId: world.chainId, client: world.issuer, payee, exact })
    const sell = paidFetch(seller, { 'GET /report': termsOf(payee.address) }, async () => {
      throw new Error('The sky fell down.')
    })
    const { client, signer, store } = await newBuyer()
    const carry: typeof fetch = (input, init) => sell(new Request(input, init))
    const pay = channelFetch({ client, signer, store, chainId: world.chainId, currency }, carry)
    expect(await messageOf(pay('http://shop.example/report'))).to.equal('The sky fell down.')
    expect(await booksOf(payee)).to.deep.equal({ accepted: price, charged: 0n, credit: price })
  })

  describe('against a payer that cheats', () => {
    it('does not sell what is dear for what is paid for something cheap', async () => {
      const { url, books } = await openShop('express')
      const { client, signer } = await newBuyer()
      const { payee } = await openShop('express')
      const channel = await client.openChannel({ payee: payee.address, currency: currency.address, deposit: dear })
      const shop = await openShop('express', payee)
      const payer = createPayer({ channel, signer, store: memoryStore() })
      const bytes = await payer.pay(price)
      const [accepted] = termsAccepted(await fetch(`${shop.url}/dear`))
      const payment = { x402Version: 2, accepted, payload: { payment: writePaymentHeader(bytes), amount: `${dear}` } }
      const answer = await present(`${shop.url}/dear`, payment as unknown as X402Payment)
      expect(reasonIn(answer)).to.equal('PAYMENT_REQUIRED')
      expect(termsAccepted(answer)[0]?.extra).to.have.nested.property('problem.credit', `${price}`)
      expect(await shop.books()).to.deep.equal({ accepted: price, charged: 0n, credit: price })
      expect(url && (await books())).to.deep.equal(served(0n))
    })

    const cheats: Record<string, [code: string, cheat: (payload: Record<string, string>) => Record<string, unknown>]> =
      {
        'a payload without a payment': ['PAYMENT_MALFORMED', () => ({})],
        'a payment that is no string': ['PAYMENT_MALFORMED', () => ({ payment: { length: 1 } })],
        'a payment of garbage': ['PAYMENT_MALFORMED', () => ({ payment: 'AAAA' })],
        'a payment without end': ['PAYMENT_MALFORMED', () => ({ payment: 'A'.repeat(8_000) })],
        'an amount that is none': ['PAYMENT_MALFORMED', (payload) => ({ ...payload, amount: '-1' })],
        'a signature that was changed': ['INVALID_VOUCHER', ({ payment }) => ({ payment: flipped(payment, -8) })],
        'a total that was changed': ['INVALID_VOUCHER', ({ payment }) => ({ payment: flipped(payment, 245) })],
      }
    for (const [what, [code, cheat]] of Object.entries(cheats)) {
      it(`refuses ${what}`, async () => {
        const { payee, url, books } = await openShop('express')
        const { client, signer } = await newBuyer()
        const channel = await client.openChannel({ payee: payee.address, currency: currency.address, deposit: dear })
        const payer = createPayer({ channel, signer, store: memoryStore() })
        const payload = cheat({ payment: writePaymentHeader(await payer.pay(price)), amount: `${price}` })
        const [accepted] = termsAccepted(await fetch(`${url}/report`))
        const payment = { x402Version: 2, accepted, payload } as unknown as X402Payment
        expect(await refused(present(`${url}/report`, payment))).to.equal(code)
        expect(await books()).to.deep.equal(served(0n))
      })
    }

    it('refuses a channel that nobody opened, one in another token, and one that is being left', async () => {
      const { payee, url, books } = await openShop('hono')
      const { client, signer } = await newBuyer()
      const other = await world.createCurrency()
      await world.issuer.mint({ currency: other, to: signer.address, amount: grant })
      const to = payee.address
      const { transaction: _, ...real } = await client.openChannel({
        payee: to,
        currency: currency.address,
        deposit: dear,
      })
      const foreign = await client.openChannel({ payee: to, currency: other, deposit: dear })
      const unopened = await client.describeChannel({ payee: to, currency: currency.address })
      const [accepted] = termsAccepted(await fetch(`${url}/report`))
      const pay = async (channel: Parameters<typeof createPayer>[0]['channel']) => {
        const payer = createPayer({ channel, signer, store: memoryStore() })
        const payload = { payment: writePaymentHeader(await payer.pay(price)) }
        return refused(present(`${url}/report`, { x402Version: 2, accepted, payload } as unknown as X402Payment))
      }
      expect(await pay({ ...unopened, funded: dear })).to.equal('UNKNOWN_CHANNEL')
      expect(await pay(foreign)).to.equal('WRONG_CHANNEL')
      await client.requestExit({ channel: real })
      expect(await pay(real)).to.equal('CHANNEL_EXITING')
      expect(await books()).to.deep.equal(served(0n))
    })
  })

  describe('against a server that cheats', () => {
    it('is never paid more than the price, whatever the server says of credit', async () => {
      const { payee, url } = await openShop('fetch')
      const { client, signer, store } = await newBuyer()
      for (const credit of ['1000000000', '0', '-5', 'none', '9'.repeat(40)]) {
        const lying: typeof fetch = async (input, init) => {
          const answer = await fetch(input, init)
          const header = answer.headers.get('payment-response')
          if (header === null) return answer
          const settlement = decodePaymentResponseHeader(header)
          const headers = new Headers(answer.headers)
          headers.set('payment-response', writeJson({ ...settlement, extra: { ...settlement.extra, credit } }))
          return new Response(answer.body, { status: answer.status, headers })
        }
        const pay = channelFetch({ client, signer, store, chainId: world.chainId, currency }, lying)
        for (let request = 0; request < 2; request++) expect((await pay(`${url}/report`)).status).to.equal(200)
      }
      const { accepted, charged } = await booksOf(payee)
      expect(charged).to.equal(10n * price)
      expect(accepted <= charged + price).to.equal(true)
    })

    for (const code of [
      'PAYMENT_REQUIRED',
      'PAYMENT_REPLAYED',
      'UNKNOWN_CHANNEL',
      'INVALID_TICK',
      'DEPOSIT_EXCEEDED',
      'STALE_PAYMENT',
      'CHANNEL_EXITING',
      'WRONG_CHANNEL',
      'NONSENSE',
    ] as const) {
      it(`is not paid again and again where it answers ${code} to whatever it gets`, async () => {
        const [offer] = termsAccepted(await fetch(`${(await openShop('fetch')).url}/report`))
        const problem = { code, credit: '0', covered: '1', state: '0x00' }
        const url = await listen((request, response) => {
          const extra = { ...offer?.extra, ...(request.headers['payment-signature'] && { problem }) }
          const accepts = [{ ...offer, extra }]
          const required = writeJson({ x402Version: 2, error: code, resource: { url: 'http://a.b/' }, accepts })
          response.writeHead(402, { 'payment-required': required }).end()
        })
        const { client, signer, store, transactions } = await newBuyer()
        let paid = 0n
        const limits = { perRequest: 10n * price }
        const onPayment = ({ amount }: { amount: bigint }) => {
          paid += amount
        }
        const pay = payingFetch({ client, signer, store, limits, onPayment, deposit: 2n * price })
        expect(await messageOf(pay(url))).not.to.equal('It did not fail.')
        // Whoever says that a payment was made before may be right: it is made once more.
        const most = code === 'PAYMENT_REPLAYED' ? 2n * price : price + 3n
        expect(paid >= price && paid <= most, `${paid}`).to.equal(true)
        expect(await transactions()).to.be.within(1, 2)
      })
    }

    it('is not paid by exact, nor more, where it asks for that after a payment by channel', async () => {
      const { url, payTo } = await openShop('fetch')
      const [channel, exact_] = termsAccepted(await fetch(`${url}/report`))
      const problem = { code: 'UNKNOWN_CHANNEL' }
      const payments: X402Payment[] = []
      const trap = await listen((request, response) => {
        const payment = request.headers['payment-signature']
        if (typeof payment === 'string') payments.push(read(payment))
        const dearer = { ...channel, amount: '90000', extra: { ...channel?.extra, problem } }
        const accepts = payments.length === 0 ? [channel] : [dearer, exact_]
        const required = writeJson({ x402Version: 2, resource: { url: 'http://a.b/' }, accepts })
        response.writeHead(402, { 'payment-required': required }).end()
      })
      const { client, signer, store } = await newBuyer()
      const pay = readerFetch({ client, signer, store, tokens: [currency.address] })
      expect(await messageOf(pay(trap))).to.contain('did not take the payment')
      expect(new Set(payments.map(({ accepted }) => accepted.amount))).to.deep.equal(new Set([`${price}`]))
      expect(new Set(payments.map(({ accepted }) => accepted.scheme))).to.deep.equal(new Set(['channel']))
      expect(await fortune(payTo)).to.equal(0n)
    })

    it('is not paid more than the limit, nor in another currency, nor on a chain that the payer is not on', async () => {
      const { client, signer, sent, pay, transactions } = await newBuyer()
      const other = await world.createCurrency()
      const ask = async (change: object) => {
        const offer = { ...termsAccepted(await fetch(`${(await openShop('hono')).url}/report`))[0], ...change }
        const required = { x402Version: 2, resource: { url: 'http://127.0.0.1/' }, accepts: [offer] }
        const header = writeJson(required)
        return listen((_request, response) => void response.writeHead(402, { 'payment-required': header }).end())
      }
      const error = async (change: object) => messageOf(pay(await ask(change)))
      expect(await error({ amount: '100001' })).to.contain('the limit is 100000')
      expect(await error({ amount: '2000000' })).to.contain('spendControls')
      expect(await error({ asset: other })).to.contain('spendControls')
      expect(await error({ network: 'eip155:1' })).to.contain('No network/scheme registered')
      expect(await error({ extra: { contract: newAccount().address } })).to.contain('this version pays through')
      expect(await error({ extra: {} })).to.contain('offers no payment by channel')
      expect(await error({ amount: '1.5' })).to.contain('spendControls')
      expect(sent).to.deep.equal([])
      expect([await transactions(), client.account.address]).to.deep.equal([0, signer.address])
    })
  })

  describe('where somebody lost what it knew', () => {
    it('goes on in one call when the payer comes back without its store', async () => {
      const { url, books } = await openShop('express')
      const first = await newBuyer()
      await first.pay(`${url}/report`)
      const again = await newBuyer(memoryStore(), first.account)
      expect((await again.pay(`${url}/report`)).status).to.equal(200)
      expect(await books()).to.deep.equal(served(2n * price))
      expect(await again.transactions()).to.equal(1)
    })

    it('goes on in one call when the server comes back without its store', async () => {
      const { url, payTo } = await openShop('express')
      const buyer = await newBuyer()
      await buyer.pay(`${url}/report`)
      const next = await openShop('express', newPayee(payTo))
      expect((await buyer.pay(`${next.url}/report`)).status).to.equal(200)
      // What the payee had not claimed is the payer's credit again.
      const { charged, accepted } = await next.books()
      expect([charged, accepted > 2n * price]).to.deep.equal([price, true])
      expect(await buyer.transactions()).to.equal(1)
    })

    it('has what never arrived for what comes next, once it cannot arrive any more', async () => {
      const { url, books } = await openShop('express')
      const { client, signer, store } = await newBuyer()
      let isCut = true
      /** The first time it says that there is no time to lose, and loses the payment. */
      const cutting: typeof fetch = async (input, init) => {
        const request = new Request(input, init)
        if (!isCut) return fetch(request)
        if (request.headers.has('payment-signature')) throw new TypeError('The line is cut.')
        const answer = await fetch(request)
        const required = decodePaymentRequiredHeader(answer.headers.get('payment-required') ?? '')
        const accepts = required.accepts.map((offer) => ({ ...offer, maxTimeoutSeconds: 0.001 }))
        return new Response(null, { status: 402, headers: { 'payment-required': writeJson({ ...required, accepts }) } })
      }
      const pay = channelFetch({ client, signer, store, chainId: world.chainId, currency }, cutting)
      expect(await messageOf(pay(`${url}/report`))).to.equal('The line is cut.')
      isCut = false
      // The server says what is left of it, and the next request takes that.
      for (let request = 0; request < 2; request++) expect((await pay(`${url}/report`)).status).to.equal(200)
      expect(await books()).to.deep.equal({ accepted: 2n * price + 1n, charged: 2n * price, credit: 1n })
    })

    it('is topped up when the deposit is spent', async () => {
      const { url, books } = await openShop('hono')
      const { client, signer, store, transactions } = await newBuyer()
      const pay = payingFetch({ client, signer, store, limits: { perRequest: price }, deposit: 2n * price })
      for (let request = 0; request < 5; request++) expect((await pay(`${url}/report`)).status).to.equal(200)
      expect(await books()).to.deep.equal(served(5n * price))
      expect(await transactions()).to.equal(3)
    })

    it('goes on by another channel when the payer has left the first', async () => {
      const { url, payee } = await openShop('fetch')
      const { client, pay, transactions } = await newBuyer()
      await pay(`${url}/report`)
      const [claim] = await payee.claimable()
      if (claim === undefined) throw new Error('Nothing was paid.')
      await client.requestExit({ channel: claim.channel })
      // A server looks at the chain every ten seconds; one that just started looks at once.
      const next = await openShop('fetch', payee)
      expect((await pay(`${next.url}/report`)).status).to.equal(200)
      expect(await payee.claimable()).to.have.lengthOf(2)
      expect(await next.books()).to.deep.equal(served(2n * price))
      expect(await transactions()).to.equal(3)
    })
  })

  describe('where a process is killed', () => {
    const folder = mkdtempSync(join(tmpdir(), 'scrip-x402-'))
    const children = new Set<ChildProcess>()
    after(() => {
      for (const child of children) child.kill('SIGKILL')
      rmSync(folder, { recursive: true })
    })

    /** A stock server as a process, on the port that it had before. */
    const start = async (payTo: Address, store: string, port = 0) => {
      const program = new URL('support/x402SellerProcess.ts', import.meta.url)
      const words = [store, world.url, payTo, currency.address, `${port}`]
      const child = fork(program, words, { execArgv: ['--conditions=source'] })
      children.add(child)
      const [taken] = (await once(child, 'message')) as [number]
      return { child, port: taken, url: `http://127.0.0.1:${taken}` }
    }

    it('charges nothing twice, and at most what was being answered for nothing', async () => {
      const payTo = newAccount().address
      const store = join(folder, 'seller.db')
      const first = await start(payTo, store)
      const { pay, sent, transactions } = await newBuyer()
      expect((await pay(`${first.url}/report`)).status).to.equal(200)
      const lost = messageOf(pay(`${first.url}/hanging`))
      await once(first.child, 'message')
      first.child.kill('SIGKILL')
      expect(await lost).to.contain('fetch failed')

      const { url, child } = await start(payTo, store, first.port)
      // Whoever recorded what went over the wire gets nothing for it.
      for (const payment of sent) expect(await refused(present(`${url}/report`, payment))).to.match(/REPLAYED|STALE/)
      for (let request = 0; request < 2; request++) expect((await pay(`${url}/report`)).status).to.equal(200)
      child.kill('SIGTERM')
      await once(child, 'exit')
      const payee = newPayee(payTo, sqliteStore(store))
      expect(await booksOf(payee)).to.deep.equal(served(4n * price))
      expect(await transactions()).to.equal(1)
    })
  })

  describe('at a facilitator of its own', () => {
    /** A stock server whose only facilitator is across HTTP. */
    const openRemote = async () => {
      const payee = newPayee()
      const service = channelService(world.issuer, [payee], world.chainId)
      const facilitator = new HTTPFacilitatorClient({ url: await listen(service) })
      const server = new x402ResourceServer(facilitator).register(network(), x402ChannelServer())
      const price_ = { asset: currency.address, amount: `${price}` }
      const accepts = (maxTimeoutSeconds: number) => {
        return { scheme: 'channel', network: network(), price: price_, payTo: payee.address, maxTimeoutSeconds }
      }
      const pages: Pages = {
        '/report': async () => [200, 'It rains.'],
        '/failing': async () => [500, 'The sky fell down.'],
      }
      const routes = { 'GET /report': { accepts: accepts(60) }, 'GET /failing': { accepts: accepts(0.05) } }
      return { payee, url: await listen(servers.express(server, routes, pages)) }
    }

    it('is verified and settled across HTTP, and mended the same way', async () => {
      const { url, payee } = await openRemote()
      const buyer = await newBuyer()
      for (let request = 0; request < 3; request++) expect((await buyer.pay(`${url}/report`)).status).to.equal(200)
      const again = await newBuyer(memoryStore(), buyer.account)
      expect((await again.pay(`${url}/report`)).status).to.equal(200)
      expect(await booksOf(payee)).to.deep.equal(served(4n * price))
      expect(await refused(present(`${url}/report`, buyer.sent[0] ?? ''))).to.equal('STALE_PAYMENT')
      expect(await refused(present(`${url}/report`, again.sent.at(-1) ?? ''))).to.equal('PAYMENT_REPLAYED')
      expect(await booksOf(payee)).to.deep.equal(served(4n * price))
    })

    it('has what failed given back when its time is over', async () => {
      const { url, payee } = await openRemote()
      const { pay } = await newBuyer()
      await pay(`${url}/failing`)
      const [claim] = await payee.claimable()
      await payee.credited(claim?.channel.id ?? '0x', price, AbortSignal.timeout(10_000))
      expect(await booksOf(payee)).to.deep.equal({ accepted: price, charged: 0n, credit: price })
      expect((await pay(`${url}/report`)).status).to.equal(200)
      expect(await booksOf(payee)).to.deep.equal({ accepted: price + 1n, charged: price, credit: 1n })
    })

    /** A payment, what it is for, and the facilitator that takes it, without any server. */
    const newPayment = async (seconds = 60) => {
      const payee = newPayee()
      const facilitator = x402ChannelFacilitator({ client: world.issuer, payees: [newPayee(), payee] })
      const { client, signer } = await newBuyer()
      const { transaction: _, ...channel } = await client.openChannel({
        payee: payee.address,
        currency: currency.address,
        deposit: dear,
      })
      const payer = createPayer({ channel, signer, store: memoryStore() })
      const requirements = {
        scheme: 'channel',
        network: network(),
        asset: currency.address,
        amount: `${price}`,
        payTo: payee.address,
        maxTimeoutSeconds: seconds,
        extra: { contract: addresses.paymentChannels },
      }
      const payload = { payment: writePaymentHeader(await payer.pay(price)) }
      const payment: X402Payment = { x402Version: 2, accepted: requirements, payload }
      return { facilitator, payment, requirements, channel, payer, payee, books: () => booksOf(payee) }
    }

    it('verifies once, and charges once however often it is asked to settle', async () => {
      const { facilitator, payment, requirements, books } = await newPayment()
      expect(await facilitator.verify(payment, requirements)).to.include({ isValid: true })
      expect(await facilitator.verify(payment, requirements)).to.include({
        isValid: false,
        invalidReason: 'PAYMENT_REPLAYED',
      })
      const settle = () => facilitator.settle(payment, requirements)
      const settlements = await Promise.all([settle(), settle(), settle()])
      settlements.push(await settle())
      for (const settlement of settlements) expect(settlement).to.deep.equal(settlements[0])
      expect(settlements[0]).to.include({ success: true, amount: `${price}` })
      expect(await facilitator.verify(payment, requirements)).to.include({
        isValid: false,
        invalidReason: 'PAYMENT_REPLAYED',
      })
      expect(await books()).to.deep.equal(served(price))
    })

    it('settles what was not verified, after the same checks, once', async () => {
      const { facilitator, payment, requirements, books } = await newPayment()
      const altered = { ...requirements, amount: '1' }
      expect(await facilitator.settle(payment, altered)).to.include({
        success: false,
        errorReason: 'PAYMENT_MALFORMED',
      })
      expect(await books()).to.deep.equal(served(0n))
      expect(await facilitator.settle(payment, requirements)).to.include({ success: true })
      expect(await facilitator.verify(payment, requirements)).to.include({ invalidReason: 'PAYMENT_REPLAYED' })
      expect(await books()).to.deep.equal(served(price))
    })

    it('charges a part where the server asks for less, never more, and nobody else', async () => {
      const { facilitator, payment, requirements, books } = await newPayment()
      await facilitator.verify(payment, requirements)
      for (const change of [
        { amount: `${price + 1n}` },
        { amount: '0' },
        { asset: newAccount().address },
        { payTo: newAccount().address },
        { network: 'eip155:1' as const },
        { scheme: 'exact' },
      ]) {
        const settlement = await facilitator.settle(payment, { ...requirements, ...change })
        expect(settlement, JSON.stringify(change)).to.include({ success: false, errorReason: 'PAYMENT_MALFORMED' })
      }
      expect(await facilitator.settle(payment, { ...requirements, amount: '400' })).to.include({
        success: true,
        amount: '400',
      })
      expect(await books()).to.deep.equal({ accepted: price, charged: 400n, credit: price - 400n })
    })

    it('charges nothing where nobody settles, and nothing once the time is over', async () => {
      const { facilitator, payment, requirements, payee, channel, payer, books } = await newPayment(0.05)
      await facilitator.verify(payment, requirements)
      await payee.credited(channel.id, price, AbortSignal.timeout(10_000))
      expect(await facilitator.settle(payment, requirements)).to.include({
        success: false,
        errorReason: 'PAYMENT_REPLAYED',
      })
      expect(await books()).to.deep.equal({ accepted: price, charged: 0n, credit: price })
      // It is the payer's: its next payment brings one unit, and has the price.
      const payload = { payment: writePaymentHeader(await payer.pay(1n)) }
      expect(await facilitator.settle({ ...payment, payload }, requirements)).to.include({ success: true })
      expect(await books()).to.deep.equal({ accepted: price + 1n, charged: price, credit: 1n })
    })

    it('tells strangers nothing of its own difficulties', async () => {
      const { payment, requirements, payee } = await newPayment()
      const dead = createClient({ transport: http('http://127.0.0.1:1/secret', { retryCount: 0 }) })
      const facilitator = x402ChannelFacilitator({ client: dead, payees: [payee] })
      const warnings: Error[] = []
      const note = (warning: Error) => warnings.push(warning)
      process.on('warning', note)
      const verdict = await facilitator.verify(payment, requirements)
      await new Promise(setImmediate)
      process.off('warning', note)
      expect(verdict).to.include({ isValid: false, invalidReason: 'RPC_UNREACHABLE' })
      expect(JSON.stringify(verdict)).not.to.contain('127.0.0.1')
      expect(warnings).to.have.lengthOf(1)
    })
  })
})

function settlementIn(response: Response) {
  return decodePaymentResponseHeader(response.headers.get('payment-response') ?? '')
}

function termsAccepted(response: Response) {
  return decodePaymentRequiredHeader(response.headers.get('payment-required') ?? '').accepts
}

/** Why a server asks for money (again). */
function reasonIn(response: Response): string | undefined {
  return decodePaymentRequiredHeader(response.headers.get('payment-required') ?? '').error
}

/** Why a server refuses a request; fails where it does not. */
async function refused(answer: Promise<Response>): Promise<string | undefined> {
  const response = await answer
  expect(response.status).to.equal(402)
  expect(await response.text()).not.to.match(/It (rains|pours|snows)/)
  return reasonIn(response)
}

async function messageOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'It did not fail.',
    (error: Error) => error.message,
  )
}

function read(header = ''): X402Payment {
  return JSON.parse(Buffer.from(header, 'base64').toString())
}

/** The books of a payee that served all that it was paid for. */
function served(amount: bigint) {
  return { accepted: amount, charged: amount, credit: 0n }
}

async function booksOf(payee: Payee) {
  const sums = served(0n)
  for (const { channel } of await payee.claimable()) {
    const { accepted, charged, credit } = await payee.standing(channel.id)
    sums.accepted += accepted
    sums.charged += charged
    sums.credit += credit
  }
  return sums
}

/** The payment with one of its bytes changed, counted from the end where the number is negative. */
function flipped(payment = '', index: number): string {
  const bytes = Buffer.from(payment, 'base64url')
  const place = index < 0 ? bytes.length + index : index
  bytes[place] = (bytes[place] ?? 0) ^ 1
  return bytes.toString('base64url')
}
