import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { connect, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { channelId, decodePayment, encodePayment, type Payer } from '@scrip/sdk/channels'
import { CREDIT_HEADER, PAYMENT_HEADER, PAYMENT_PATH, writePaymentHeader } from '@scrip/sdk/http'
import { expect } from 'chai'
import { network } from 'hardhat'
import { toHex } from 'viem'
import {
  type Buyer,
  bytes,
  type Market,
  newBuyer,
  openMarket,
  openShop,
  type Person,
  type Shop,
} from '../../support/market.ts'
import { ask, carrying, openPayer, problemIn } from '../../support/wire.ts'

setFlagsFromString('--expose_gc')
const collectGarbage: () => void = runInNewContext('gc')

const SIZE = 200_000

/** Echoes what is sent, and sells bytes. */
const sell: RequestListener = (request, response) => {
  if (request.url === '/one') response.end(bytes(1_000))
  else if (request.method !== 'POST') response.end(bytes(SIZE))
  else
    buffer(request).then(
      (body) => response.end(body),
      () => {},
    )
}

describe('a paywall under attack', () => {
  let market: Market
  let seller: Person
  let person: Person
  let shop: Shop
  let payer: Payer
  let victim: Buyer
  let sockets: Socket[]

  before(async () => {
    market = await openMarket(await network.create())
    seller = await market.person()
    person = await market.person()
  })
  beforeEach(async () => {
    sockets = []
    shop = await openShop(market, sell, { seller, patience: 300, onError: () => {} })
    payer = await openPayer(market, person, shop)
    victim = newBuyer(await market.person())
    await served()
  })
  afterEach(async () => {
    for (const socket of sockets) socket.destroy()
    await shop.close()
  })

  /** Somebody else's download, which must come whatever else goes on. */
  const served = async () => {
    const answer = await victim.fetch(`${shop.url}/goods`)
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes(SIZE))).to.equal(true)
  }

  /** A connection of an attacker, and what comes back over it. */
  const attack = (text: string): { socket: Socket; received: () => string; closed: Promise<void> } => {
    const socket = connect(shop.port, '127.0.0.1')
    sockets.push(socket)
    let received = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      received += chunk
    })
    // A server that closes before it has read all of it resets the connection.
    socket.on('error', () => {})
    socket.write(text)
    const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
    return { socket, received: () => received, closed }
  }
  const head = (method: string, path: string, headers: Record<string, string>) =>
    [
      `${method} ${path} HTTP/1.1`,
      'Host: shop',
      ...Object.entries(headers).map((pair) => pair.join(': ')),
      '',
      '',
    ].join('\r\n')

  it('by a header of a megabyte answers 431', async () => {
    const { received, closed } = attack(head('GET', '/', { [PAYMENT_HEADER]: 'A'.repeat(2 ** 20) }))
    await served()
    await closed
    expect(received()).to.match(/^HTTP\/1.1 431 /)
  })

  it('by garbage for a payment answers 400', async () => {
    for (const garbage of ['%%%', '====', 'A', 'Ig', 'IgAAAAAAAAAA', '_'.repeat(150), 'A'.repeat(1_025)]) {
      const answer = await ask(shop.url, { headers: { [PAYMENT_HEADER]: garbage } })
      expect([garbage, answer.status]).to.deep.equal([garbage, 400])
      expect(await problemIn(answer)).to.include({ code: 'PAYMENT_MALFORMED' })
    }
    await served()
  })

  it('by amounts that no number holds answers 400', async () => {
    const tick = await payer.pay(1n)
    for (const amount of [new Array(20).fill(255), [255, 255], new Array(14).fill(127)]) {
      const stated = new Uint8Array([(tick[0] as number) | 8, ...amount, ...(amount.length === 2 ? [] : tick.slice(1))])
      const answer = await ask(shop.url, { headers: { [PAYMENT_HEADER]: writePaymentHeader(stated) } })
      expect(answer.status).to.equal(400)
      expect(await problemIn(answer)).to.include({ code: 'PAYMENT_MALFORMED' })
    }
  })

  it('by a body that does not come, unpaid, answers at once and lets go of the connection', async () => {
    const { received, closed } = attack(head('POST', '/', { 'Content-Length': '1000000' }))
    await closed
    expect(received()).to.match(/^HTTP\/1.1 402 /)
    await served()
  })

  it('by a body that comes byte by byte, paid, answers 408 and gives the money back', async () => {
    const headers = { ...carrying(await payer.pay(5n)), 'Content-Length': '1000000' }
    const { socket, received, closed } = attack(head('POST', '/', headers))
    const drip = setInterval(() => socket.write('x'), 20)
    await Promise.all([closed, served()])
    clearInterval(drip)
    expect(received()).to.match(/^HTTP\/1.1 408 /)
    expect(received()).to.contain('BODY_TOO_SLOW')
    const next = await ask(`${shop.url}/goods`, { headers: carrying(await payer.pay(1n)) })
    expect(next.headers[CREDIT_HEADER]).to.equal('6')
    next.hangUp()
  })

  it('leaves alone a body that comes steadily', async () => {
    const body = Buffer.from(bytes(40_000))
    const headers = { ...carrying(await payer.pay(40n)), 'Content-Length': '40000', Connection: 'close' }
    const { socket, received, closed } = attack(head('POST', '/', headers))
    for (let offset = 0; offset < body.length; offset += 2_000) {
      socket.write(body.subarray(offset, offset + 2_000))
      await delay(50)
    }
    await closed
    expect(received()).to.match(/^HTTP\/1.1 200 /)
    expect(received().length).to.be.greaterThan(40_000)
  })

  it('by a handler’s late answer to a body that did not come sends nothing twice, and goes on', async () => {
    let late: Promise<void> | undefined
    await shop.close()
    shop = await openShop(
      market,
      (_, response) => {
        late = delay(800).then(() => {
          response.setHeader('x-late', 'yes')
          response.writeHead(200).write('late')
          response.end('later')
        })
      },
      { seller, patience: 200, payee: shop.payee, port: shop.port },
    )
    const headers = { ...carrying(await payer.pay(5n)), 'Content-Length': '10' }
    const { received, closed } = attack(head('POST', '/', headers))
    await closed
    await late
    expect(received()).to.match(/^HTTP\/1.1 408 /)
    expect(received()).to.not.contain('late')
  })

  it('by payers that hang up at every moment loses nothing of theirs and nothing of others', async () => {
    // The payment that introduces the channel arrives: without it the shop could not say what it has.
    const first = await ask(`${shop.url}/goods`, { headers: carrying(await payer.pay(1n)) })
    first.hangUp()
    for (let after = 0; after < 12; after++) {
      const { socket } = attack(head('GET', '/goods', carrying(await payer.pay(3n))))
      await delay(after)
      socket.destroy()
    }
    await served()
    const answer = await ask(`${shop.url}/goods`, { headers: carrying(await payer.pay(1n)) })
    answer.hangUp()
    const { accepted, charged } = await shop.payee.standing(payer.channel.id)
    expect(accepted).to.equal(38n)
    expect(charged <= 38n).to.equal(true)
  })

  it('by payments that are repeated and out of order serves each once', async () => {
    const payments = []
    for (let count = 0; count < 20; count++) payments.push(await payer.pay(1n))
    const [first, ...rest] = payments as [Uint8Array, ...Uint8Array[]]
    const sent = [first, ...rest.reverse(), ...payments, ...payments]
    const answers = []
    for (const payment of sent) {
      const answer = await ask(`${shop.url}/one`, { headers: carrying(payment, { amount: 1n }) })
      await answer.over
      answers.push(answer)
    }
    const paid = answers.filter(({ status }) => status === 200)
    const lengths = paid.map((answer) => answer.body().length)
    expect(lengths).to.deep.equal(Array(20).fill(1_000))
    expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([200, 402, 409]))
    const { accepted, charged } = await shop.payee.standing(payer.channel.id)
    expect([accepted, charged]).to.deep.equal([20n, 20n])
  })

  it('by 10,000 channels that strangers made up keeps its memory, its node, and everybody else', async () => {
    const { channel, voucher } = decodePayment(await payer.pay(1n))
    if (channel === undefined || voucher === undefined) throw new Error('The first payment introduces its channel.')
    const request = (salt: number) => {
      const madeUp = { ...channel, salt: toHex(salt, { size: 32 }) }
      const id = channelId(madeUp)
      const payment = encodePayment({ channelId: id, channel: { ...madeUp, id }, voucher })
      return head(salt % 2 === 0 ? 'GET' : 'POST', salt % 2 === 0 ? '/goods' : PAYMENT_PATH, {
        [PAYMENT_HEADER]: writePaymentHeader(payment),
        ...(salt % 2 === 1 && { 'Content-Length': '0' }),
      })
    }
    const flood = async (from: number, count: number) => {
      const { socket, received } = attack('')
      for (let salt = from; salt < from + count; salt++) socket.write(request(salt))
      const answered = () => received().split('HTTP/1.1 ').slice(1)
      while (answered().length < count) await once(socket, 'data')
      socket.destroy()
      return answered().map((answer) => answer.slice(0, 3))
    }
    await flood(1, 500)
    collectGarbage()
    const before = process.memoryUsage().heapUsed
    const statuses = new Set<string>()
    for (let round = 0; round < 20; round++) {
      const [answers] = await Promise.all([flood(1_000 + round * 500, 500), round % 5 === 0 ? served() : undefined])
      for (const status of answers) statuses.add(status)
    }
    collectGarbage()
    expect(process.memoryUsage().heapUsed - before).to.be.lessThan(8_000_000)
    // Unknown, or too many of them at once.
    expect([...statuses].sort()).to.deep.equal(['409', '429'])
    await served()
  })
})

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
