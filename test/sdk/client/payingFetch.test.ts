import { createHash } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { getChannelState, mint, openChannel, requestExit } from '@scrip/sdk/chain'
import { type Claim, createPayee } from '@scrip/sdk/channels'
import { ScripError } from '@scrip/sdk/errors'
import { CREDIT_HEADER, KILOBYTE, kilobytes, PAYMENT_HEADER, PAYMENT_PATH } from '@scrip/sdk/http'
import { memoryStore, sqliteStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import { network } from 'hardhat'
import {
  type Buyer,
  bytes,
  listen,
  type Market,
  newBuyer,
  openMarket,
  openShop,
  type Person,
  type Shop,
} from '../../support/market.ts'

const WINDOW = 64
setFlagsFromString('--expose_gc')
const collectGarbage: () => void = runInNewContext('gc')
const folder = mkdtempSync(join(tmpdir(), 'scrip-client-'))

describe('payingFetch', () => {
  let market: Market
  let seller: Person
  let shop: Shop
  let person: Person
  let buyer: Buyer

  before(async () => {
    market = await openMarket(await network.create())
  })
  beforeEach(async () => {
    seller = await market.person()
    shop = await openShop(market, sell, { seller })
    person = await market.person()
    buyer = newBuyer(person)
  })
  afterEach(() => shop.close())
  after(() => rm(folder, { recursive: true }))

  describe('the price', () => {
    for (const size of [1, 1023, 1024, 1025, 65_535, 65_536, 65_537, 1_000_000]) {
      it(`is a unit for each started kilobyte of ${size} bytes, which arrive as they are`, async () => {
        const answer = await buyer.fetch(`${shop.url}/sized/${size}`)
        expect(await digest(answer)).to.equal(hash(bytes(size)))
        expect(buyer.spent()).to.equal(BigInt(kilobytes(size)))
        expect(await shop.books()).to.deep.equal({ accepted: buyer.spent(), charged: buyer.spent(), credit: 0n })
      })
    }

    it('of nothing is the kilobyte that every request brings, which stays as credit for the next', async () => {
      expect(await digest(await buyer.fetch(`${shop.url}/sized/0`))).to.equal(hash(bytes(0)))
      expect(await shop.books()).to.deep.equal({ accepted: 1n, charged: 0n, credit: 1n })
      await digest(await buyer.fetch(`${shop.url}/sized/2048`))
      expect(await shop.books()).to.deep.equal({ accepted: 2n, charged: 2n, credit: 0n })
    })

    for (const size of [1, 1_024, 1_025, 200_000]) {
      it(`of ${size} bytes that come without a length is the same, and what was paid ahead is for what comes next`, async () => {
        expect(await digest(await buyer.fetch(`${shop.url}/chunked/${size}`))).to.equal(hash(bytes(size)))
        expect(await shop.books()).to.include({ charged: BigInt(kilobytes(size)) })
        // An answer that could end at any time is paid ahead by no more than arrived of it, and by no more than a window.
        const ahead = BigInt(Math.min(kilobytes(size), WINDOW))
        expect(buyer.spent() <= BigInt(kilobytes(size)) + ahead).to.equal(true)
        // The last payment may still be on its way during the first of two.
        for (let next = 0; next < 2; next++) await digest(await buyer.fetch(`${shop.url}/sized/${WINDOW * KILOBYTE}`))
        const price = BigInt(kilobytes(size) + 2 * WINDOW)
        expect(buyer.spent()).to.equal(price)
        expect(await shop.books()).to.deep.equal({ accepted: price, charged: price, credit: 0n })
      })
    }

    it('is what the seller asks for a kilobyte', async () => {
      const dear = await openShop(market, sell, { seller: await market.person(), perKilobyte: 7n })
      try {
        await digest(await buyer.fetch(`${dear.url}/sized/10000`))
        expect(buyer.spent()).to.equal(70n)
        expect(buyer.payments.every(({ amount, price }) => price === 7n && amount % 7n === 0n)).to.equal(true)
      } finally {
        await dear.close()
      }
    })

    it('is known to an answer in one piece that does not say its length', async () => {
      const answer = await buyer.fetch(`${shop.url}/piece/5000`)
      expect(answer.headers.get('content-length')).to.equal('5000')
      await digest(answer)
      expect(buyer.spent()).to.equal(5n)
    })
  })

  describe('one channel', () => {
    it('carries many downloads at once, each at its exact price', async () => {
      const sizes = Array.from({ length: 32 }, (_, index) => 1 + index * 7_001)
      const digests = await Promise.all(
        sizes.map(async (size) => digest(await buyer.fetch(`${shop.url}/sized/${size}`))),
      )
      expect(digests).to.deep.equal(sizes.map((size) => hash(bytes(size))))
      const price = sizes.reduce((sum, size) => sum + BigInt(kilobytes(size)), 0n)
      expect(buyer.spent()).to.equal(price)
      expect(await shop.books()).to.deep.equal({ accepted: price, charged: price, credit: 0n })
      expect(await shop.payee.claimable()).to.have.lengthOf(1)
    })

    for (const inFlight of [32, 64]) {
      it(`carries ${inFlight} requests in flight, in whatever order they arrive, and none is refused`, async () => {
        const statuses: number[] = []
        let waiting = 0
        let most = 0
        // The way to the peer takes each request a time of its own.
        const way = await listen((request, response) => {
          const isPaid = request.headers[PAYMENT_HEADER] !== undefined
          if (isPaid) most = Math.max(most, ++waiting)
          response.on('close', () => {
            if (isPaid) waiting--
            if (isPaid) statuses.push(response.statusCode)
          })
          setTimeout(() => shop.server.emit('request', request, response), Math.random() * 40)
        })
        try {
          for (const size of [1, 30_000, 100_000]) {
            const downloads = Array.from({ length: inFlight }, () =>
              buyer.fetch(`${way.url}/sized/${size}`).then(digest),
            )
            for (const each of await Promise.all(downloads)) expect(each).to.equal(hash(bytes(size)))
          }
        } finally {
          await way.close()
        }
        expect(statuses.filter((status) => status !== 200 && status !== 204)).to.deep.equal([])
        expect(most).to.be.at.least(inFlight)
        const price = BigInt(inFlight * (1 + 30 + 98))
        expect(buyer.spent()).to.equal(price)
        expect(await shop.books()).to.deep.equal({ accepted: price, charged: price, credit: 0n })
      })
    }

    it('keeps what a refused request paid from a request that comes while it tries again', async () => {
      const credits: unknown[] = []
      const way = await listen((request, response) => {
        const forward = () => shop.server.emit('request', request, response)
        const isPaid = request.headers[PAYMENT_HEADER] !== undefined
        if (isPaid && request.url === '/sized/1' && credits.length === 0) {
          credits.push('refused')
          const problem = new ScripError('UNKNOWN_CHANNEL').toProblem()
          response.writeHead(409, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem))
        } else if (request.url === PAYMENT_PATH && credits.length === 1) {
          // The first request introduces its channel before it tries again.
          buyer.fetch(`${way.url}/sized/2`).then(async (answer) => {
            credits.push(answer.headers.get(CREDIT_HEADER))
            await digest(answer)
            forward()
          })
        } else forward()
      })
      try {
        const answer = await buyer.fetch(`${way.url}/sized/1`)
        await digest(answer)
        expect(credits).to.deep.equal(['refused', '1'])
      } finally {
        await way.close()
      }
    })

    it('carries downloads that are read one after another: none takes what was paid for another', async () => {
      const size = 3_000_000
      const answers = await Promise.all(Array.from({ length: 4 }, () => buyer.fetch(`${shop.url}/sized/${size}`)))
      for (const answer of answers.reverse()) expect(await digest(answer)).to.equal(hash(bytes(size)))
      expect(buyer.spent()).to.equal(4n * BigInt(kilobytes(size)))
    })

    it('is shared by everything that pays from the same store', async () => {
      const other = newBuyer(person, { store: buyer.store })
      const download = async ({ fetch }: Buyer) => digest(await fetch(`${shop.url}/sized/300000`))
      await Promise.all([buyer, other, buyer, other].map(download))
      expect(buyer.spent() + other.spent()).to.equal(4n * 293n)
      expect(await shop.payee.claimable()).to.have.lengthOf(1)
    })

    it('is topped up once where many find it spent at the same time', async () => {
      buyer = newBuyer(person, { deposit: 100n })
      await Promise.all(Array.from({ length: 8 }, async () => digest(await buyer.fetch(`${shop.url}/sized/30000`))))
      expect(buyer.spent()).to.equal(240n)
      const { channel } = await onlyClaim(shop)
      const { claimed, deposit } = await getChannelState(person.client, { channelId: channel.id })
      expect(claimed + deposit).to.equal(300n)
    })

    it('is topped up in time where the seller leaves a margin of its deposit out of account', async () => {
      const careful = await market.person()
      const accept = {
        chainId: market.chainId,
        contract: shop.payee.accepts.contract,
        currencies: [market.currency],
        maxExposure: 0n,
        depositMargin: 30n,
      }
      const payee = createPayee({ account: careful.account, store: memoryStore(), accept })
      const other = await openShop(market, sell, { seller: careful, payee })
      try {
        buyer = newBuyer(person, { deposit: 100n })
        await Promise.all(Array.from({ length: 8 }, async () => digest(await buyer.fetch(`${other.url}/sized/30000`))))
        const [best] = await payee.claimable()
        const { deposit } = await getChannelState(person.client, { channelId: (best as Claim).channel.id })
        expect(await other.books()).to.deep.equal({
          accepted: buyer.spent(),
          charged: 240n,
          credit: buyer.spent() - 240n,
        })
        expect(buyer.spent() + 30n <= deposit).to.equal(true)
        expect(deposit).to.equal(300n)
      } finally {
        await other.close()
      }
    })

    it('is topped up by what is missing where that is more than a deposit', async () => {
      buyer = newBuyer(person, { deposit: 10n })
      await digest(await buyer.fetch(`${shop.url}/sized/1000000`))
      expect(buyer.spent()).to.equal(977n)
    })

    it('is found in the store by the next start', async () => {
      const path = join(folder, 'buyer.db')
      for (let start = 0; start < 2; start++) {
        const store = sqliteStore(path)
        await digest(await newBuyer(person, { store }).fetch(`${shop.url}/sized/5000`))
        await store.close()
      }
      expect(await shop.payee.claimable()).to.have.lengthOf(1)
      expect(await shop.books()).to.include({ accepted: 10n, credit: 0n })
    })

    it('that was opened elsewhere and holds too little is used and topped up', async () => {
      const channel = await openChannel(person.client, {
        payee: shop.payee.address,
        currency: market.currency,
        deposit: 2n,
        signer: person.account,
      })
      const { transaction: _, funded, ...descriptor } = channel
      const store = memoryStore()
      await store.write([{ table: 'payers', key: channel.id, record: { channel: descriptor, funded } }])
      buyer = newBuyer(person, { store, deposit: 50n })
      await digest(await buyer.fetch(`${shop.url}/sized/10000`))
      expect((await onlyClaim(shop)).channel.id).to.equal(channel.id)
      const { deposit } = await getChannelState(person.client, { channelId: channel.id })
      expect(deposit).to.equal(52n)
    })

    it('that is being left is replaced by another', async () => {
      await digest(await buyer.fetch(`${shop.url}/sized/5000`))
      const { channel } = await onlyClaim(shop)
      await requestExit(person.client, { channel })
      await shop.payee.observe(channel, await getChannelState(seller.client, { channelId: channel.id }))
      await digest(await buyer.fetch(`${shop.url}/sized/5000`))
      expect(await shop.payee.claimable()).to.have.lengthOf(2)
    })
  })

  it('pays two peers from one store, each through a channel of its own', async () => {
    const second = await openShop(market, sell, { seller: await market.person(), perKilobyte: 3n })
    try {
      const urls = [shop.url, second.url, shop.url, second.url]
      await Promise.all(urls.map(async (url) => digest(await buyer.fetch(`${url}/sized/100000`))))
      expect(await shop.books()).to.deep.equal({ accepted: 196n, charged: 196n, credit: 0n })
      expect(await second.books()).to.deep.equal({ accepted: 588n, charged: 588n, credit: 0n })
    } finally {
      await second.close()
    }
  })

  it('pays one payee that sells at two addresses, each answer where it comes from', async () => {
    const seller = await market.person()
    const store = memoryStore()
    const shops = await Promise.all([
      openShop(market, sell, { seller, store }),
      openShop(market, sell, { seller, store: memoryStore() }),
    ])
    try {
      for (const { url } of [...shops, ...shops]) {
        expect(await digest(await buyer.fetch(`${url}/sized/200000`))).to.equal(hash(bytes(200_000)))
      }
    } finally {
      await Promise.all(shops.map((each) => each.close()))
    }
  })

  it('sends a body, and sends it again with the payment', async () => {
    const body = bytes(100_000)
    const answer = await buyer.fetch(`${shop.url}/echo`, {
      method: 'POST',
      body: Buffer.from(body),
      headers: { 'content-type': 'x/y' },
    })
    expect(await digest(answer)).to.equal(hash(body))
    expect(answer.headers.get('content-type')).to.equal('x/y')
    const again = await buyer.fetch(new Request(`${shop.url}/echo`, { method: 'POST', body: 'short' }))
    expect(await again.text()).to.equal('short')
    expect(buyer.spent()).to.equal(99n)
  })

  it('leaves the answers of everybody else alone', async () => {
    const site = await listen((request, response) => {
      if (request.url === '/402') response.writeHead(402, { 'content-type': 'text/plain' }).end('cash only')
      else if (request.url === '/moved') response.writeHead(302, { location: '/free' }).end()
      else response.writeHead(404).end('nothing here')
    })
    try {
      const [foreign, free, moved] = await Promise.all(
        ['/402', '/x', '/moved'].map((path) => buyer.fetch(site.url + path)),
      )
      expect([foreign?.status, await foreign?.text()]).to.deep.equal([402, 'cash only'])
      expect([free?.status, await free?.text()]).to.deep.equal([404, 'nothing here'])
      expect(moved?.url).to.equal(`${site.url}/free`)
      expect(buyer.payments).to.deep.equal([])
    } finally {
      await site.close()
    }
  })

  it('gives the answer its address, status and headers', async () => {
    const answer = await buyer.fetch(`${shop.url}/sized/10`)
    expect([answer.url, answer.status, answer.ok]).to.deep.equal([`${shop.url}/sized/10`, 200, true])
    expect(answer.headers.get('x-kind')).to.equal('sized')
    await answer.body?.cancel()
  })

  describe('an answer other than a success', () => {
    const paths = {
      '/missing': 404,
      '/broken': 500,
      '/throws': 500,
      '/rejects': 500,
      '/unsatisfied': 416,
      '/unchanged': 304,
    }
    for (const [path, status] of Object.entries(paths)) {
      it(`comes back as with fetch and costs nothing: ${path}`, async () => {
        const answer = await buyer.fetch(shop.url + path)
        await answer.text()
        expect(answer.status).to.equal(status)
        expect(await shop.books()).to.deep.equal({ accepted: 1n, charged: 0n, credit: 1n })
      })
    }

    it('keeps its body, however long', async () => {
      const answer = await buyer.fetch(`${shop.url}/missing/300000`)
      expect(answer.status).to.equal(404)
      expect(await digest(answer)).to.equal(hash(bytes(300_000)))
      expect(buyer.spent()).to.equal(1n)
    })
  })

  it('pays nothing for the body that a HEAD does not get', async () => {
    const answer = await buyer.fetch(`${shop.url}/sized/500000`, { method: 'HEAD' })
    expect(answer.headers.get('content-length')).to.equal('500000')
    expect(await answer.text()).to.equal('')
    expect(await shop.books()).to.deep.equal({ accepted: 1n, charged: 0n, credit: 1n })
  })

  it('pays for the range that it gets', async () => {
    const answer = await buyer.fetch(`${shop.url}/range/100000`, { headers: { range: 'bytes=90000-' } })
    expect(answer.status).to.equal(206)
    expect(await digest(answer)).to.equal(hash(bytes(100_000).subarray(90_000)))
    expect(buyer.spent()).to.equal(10n)
  })

  describe('a redirect', () => {
    it('is followed without the payment, which is for the peer that redirects', async () => {
      const answer = await buyer.fetch(`${shop.url}/redirect?to=/sized/5000`)
      expect(answer.url).to.equal(`${shop.url}/sized/5000`)
      expect(await digest(answer)).to.equal(hash(bytes(5_000)))
      // The first kilobyte went with the redirect and was credit for the second request.
      expect(buyer.spent()).to.equal(5n)
    })

    it('to another origin takes no personal headers along', async () => {
      const seen: (string | undefined)[] = []
      const site = await listen((request, response) => {
        seen.push(request.headers.authorization, request.headers['scrip-payment'] as string | undefined)
        response.end('free')
      })
      try {
        await digest(await buyer.fetch(`${shop.url}/sized/1`))
        const init = { headers: { authorization: 'Bearer secret' } }
        const answer = await buyer.fetch(`${shop.url}/redirect?to=${site.url}`, init)
        expect(await answer.text()).to.equal('free')
        expect(seen).to.deep.equal([undefined, undefined])
      } finally {
        await site.close()
      }
    })

    it('keeps method and body where its status says so, and turns into a GET elsewhere', async () => {
      const post = (status: number) =>
        buyer.fetch(`${shop.url}/redirect?status=${status}&to=/echo`, { method: 'POST', body: 'again' })
      expect(await (await post(307)).text()).to.equal('again')
      expect(await (await post(303)).text()).to.equal('')
    })

    it('is left to the caller where the request says so', async () => {
      await digest(await buyer.fetch(`${shop.url}/sized/1`))
      const answer = await buyer.fetch(`${shop.url}/redirect?to=/sized/1`, { redirect: 'manual' })
      expect(answer.status).to.equal(302)
      const refused = await buyer
        .fetch(`${shop.url}/redirect?to=/sized/1`, { redirect: 'error' })
        .catch((error) => error)
      expect(refused).to.be.instanceOf(TypeError)
    })

    it('from a free address to a paid one is paid there', async () => {
      const site = await listen((_, response) => response.writeHead(302, { location: `${shop.url}/sized/3000` }).end())
      try {
        const answer = await buyer.fetch(site.url)
        expect(await digest(answer)).to.equal(hash(bytes(3_000)))
        expect(buyer.payments.every(({ url }) => url.startsWith(shop.url))).to.equal(true)
        expect(buyer.spent()).to.equal(3n)
      } finally {
        await site.close()
      }
    })
  })

  describe('a seller that changes', () => {
    it('its price is paid the new one at once', async () => {
      await digest(await buyer.fetch(`${shop.url}/sized/5000`))
      await shop.close()
      shop = await openShop(market, sell, { seller, perKilobyte: 4n, port: shop.port })
      expect(await digest(await buyer.fetch(`${shop.url}/sized/5000`))).to.equal(hash(bytes(5_000)))
      expect(buyer.payments.at(-1)?.price).to.equal(4n)
    })

    it('its key is paid through a new channel', async () => {
      await digest(await buyer.fetch(`${shop.url}/sized/5000`))
      await shop.close()
      shop = await openShop(market, sell, { seller: await market.person(), port: shop.port })
      expect(await digest(await buyer.fetch(`${shop.url}/sized/5000`))).to.equal(hash(bytes(5_000)))
      expect(await shop.books()).to.include({ accepted: 5n })
    })

    it('to giving things away is paid nothing more', async () => {
      await digest(await buyer.fetch(`${shop.url}/sized/5000`))
      await shop.close()
      const site = await listen(sell, shop.port)
      try {
        const { length } = buyer.payments
        expect(await digest(await buyer.fetch(`${site.url}/sized/300000`))).to.equal(hash(bytes(300_000)))
        expect(buyer.payments).to.have.lengthOf(length + 1)
        await digest(await buyer.fetch(`${site.url}/sized/300000`))
        expect(buyer.payments).to.have.lengthOf(length + 1)
      } finally {
        await site.close()
      }
    })
  })

  describe('an abort', () => {
    it('before the answer stays an abort', async () => {
      const abort = new AbortController()
      const answer = buyer.fetch(`${shop.url}/sized/1000`, { signal: abort.signal }).catch((error) => error)
      abort.abort(new Error('changed my mind'))
      expect(await answer).to.have.property('message', 'changed my mind')
    })

    it('in the body stays an abort, and what follows is not paid', async () => {
      const abort = new AbortController()
      const answer = await buyer.fetch(`${shop.url}/sized/10000000`, { signal: abort.signal })
      const reader = answer.body?.getReader()
      await reader?.read()
      abort.abort(new Error('changed my mind'))
      let error: unknown
      while (error === undefined) await reader?.read().catch((reason: unknown) => (error = reason))
      expect(error).to.have.property('message', 'changed my mind')
      expect(buyer.spent() < 1_000n).to.equal(true)
      // What was paid ahead is not lost: it goes to the next answer.
      expect(await digest(await buyer.fetch(`${shop.url}/sized/500000`))).to.equal(hash(bytes(500_000)))
    })

    for (const [how, begin] of [
      ['given apart', (url: string, signal: AbortSignal) => buyer.fetch(url, { signal })],
      ['in a request', (url: string, signal: AbortSignal) => buyer.fetch(new Request(url, { signal }))],
    ] as const) {
      it(`in the body stays an abort, whatever was collected meanwhile: ${how}`, async () => {
        const abort = new AbortController()
        const answer = await begin(`${shop.url}/sized/10000000`, abort.signal)
        const reader = answer.body?.getReader()
        await reader?.read()
        // Long enough for all that nobody holds to go.
        for (let time = 0; time < 10; time++) {
          collectGarbage()
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
        abort.abort(new Error('changed my mind'))
        let error: unknown
        while (error === undefined) await reader?.read().catch((reason: unknown) => (error = reason))
        expect(error).to.have.property('message', 'changed my mind')
      })
    }

    it('of the body by its reader ends the payments', async () => {
      const answer = await buyer.fetch(`${shop.url}/sized/10000000`)
      await answer.body?.cancel()
      expect(buyer.spent() <= BigInt(WINDOW + 1)).to.equal(true)
    })
  })

  it('says what a payer lacks', async () => {
    const poor = newBuyer(await market.person(0n))
    const error = await poor.fetch(`${shop.url}/sized/1`).catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(ScripError).with.property('code', 'INSUFFICIENT_BALANCE')
    // The failure is not remembered.
    expect(poor.payments).to.deep.equal([])
  })

  it('tries again after a failure to open a channel', async () => {
    const late = await market.person(0n)
    const hopeful = newBuyer(late, { limits: { perRequest: 1_000n } })
    await hopeful.fetch(`${shop.url}/sized/1`).catch(() => {})
    await mint(market.issuer.client, { currency: market.currency, to: late.account.address, amount: 1_000n })
    expect(await digest(await hopeful.fetch(`${shop.url}/sized/1`))).to.equal(hash(bytes(1)))
  })
})

async function digest(answer: Response): Promise<string> {
  return hash(new Uint8Array(await answer.arrayBuffer()))
}

function hash(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex')
}

async function onlyClaim({ payee }: Shop) {
  const [claim, ...others] = await payee.claimable()
  if (claim === undefined || others.length > 0) throw new Error(`${others.length + 1} channels instead of one`)
  return claim
}

function* pieces(body: Uint8Array): Generator<Uint8Array> {
  for (let offset = 0; offset < body.length; offset += 10_000) yield body.subarray(offset, offset + 10_000)
}

/** A seller of bytes, as many as the path says. */
const sell: RequestListener = (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://shop')
  const [, kind, count = '0'] = pathname.split('/')
  const body = bytes(Number(count))
  response.setHeader('x-kind', kind ?? '')
  switch (kind) {
    case 'sized':
      response.writeHead(200, { 'content-length': body.length })
      Readable.from(pieces(body)).pipe(response)
      return
    case 'chunked':
      Readable.from(pieces(body)).pipe(response)
      return
    case 'piece':
      response.end(body)
      return
    case 'range': {
      const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1])
      response.writeHead(206, {
        'content-length': body.length - start,
        'content-range': `bytes ${start}-${body.length - 1}/${body.length}`,
      })
      response.end(body.subarray(start))
      return
    }
    case 'echo':
      buffer(request).then((received) => {
        response.setHeader('content-type', request.headers['content-type'] ?? 'text/plain')
        response.end(received)
      })
      return
    case 'redirect':
      response.writeHead(Number(searchParams.get('status') ?? 302), { location: searchParams.get('to') ?? '/' })
      response.end('This has moved.')
      return
    case 'unchanged':
      response.writeHead(304).end()
      return
    case 'unsatisfied':
      response.writeHead(416, { 'content-range': 'bytes */10' }).end()
      return
    case 'throws':
      response.setHeader('content-length', 100)
      throw new Error('The handler throws.')
    case 'rejects':
      return Promise.reject(new Error('The handler rejects.')) as unknown as undefined
    case 'broken':
      response.statusCode = 500
      response.end('broken')
      return
    default:
      response.statusCode = 404
      response.end(body)
  }
}
