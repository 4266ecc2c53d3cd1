import { type PaymentEvent, payingFetch } from '@scrip/sdk/client'
import { type ErrorCode, ScripError } from '@scrip/sdk/errors'
import { writeJson, type X402Payment } from '@scrip/sdk/http'
import { memoryStore } from '@scrip/sdk/store'
import { HTTPFacilitatorClient, x402ResourceServer } from '@x402/core/server'
import { ExactEvmScheme } from '@x402/evm/exact/server'
import { expect } from 'chai'
import type { Address, LocalAccount } from 'viem'
import { listen, stopListening } from './support/listen.ts'
import { newAccount } from './support/payers.ts'
import { deploySource } from './support/solidity.ts'
import { startWorld, type World } from './support/world.ts'
import { facilitatorServer } from './support/x402Facilitator.ts'
import { servers } from './support/x402Servers.ts'

const price = 1_000n
const name = 'Größe'

describe('payingFetch at a stock x402 server', function () {
  this.timeout(30_000)
  let world: World
  let facilitator: string
  let currency: Address
  before(async () => {
    world = await startWorld()
    facilitator = await listen(facilitatorServer(world.person(1)))
    currency = await world.createCurrency({ name, feeFlat: 7n })
  })
  after(stopListening)
  after(() => world.stop())

  const wallet = async (owner: Address, token = currency) => {
    return (await world.issuer.getHoldings({ currency: token, owner })).wallet
  }

  /** Somebody who holds no coins for gas, and what of payments left it. */
  const newBuyer = async ({
    holds = 2n * price,
    perRequest = price,
    perDay = 10n * price,
    exact = [currency],
  } = {}) => {
    const account: LocalAccount = newAccount()
    if (holds > 0n) await world.issuer.mint({ currency, to: account.address, amount: holds })
    const signed: { nonce: string }[] = []
    const signing: LocalAccount = {
      ...account,
      signTypedData: (typed) => {
        signed.push(typed.message as never)
        return account.signTypedData(typed)
      },
    }
    const events: PaymentEvent[] = []
    const pay = payingFetch({
      client: world.as(signing),
      signer: newAccount(),
      store: memoryStore(),
      limits: { perRequest, perDay },
      exact,
      onPayment: (event) => events.push(event),
    })
    return { address: account.address, pay, signed, events }
  }

  /** A stock server that takes exact, and none of our code. */
  const openShop = async ({ asset = currency, domain = { name, version: '1' }, seconds = 60 } = {}) => {
    const payTo = newAccount().address
    const network = `eip155:${world.chainId}` as const
    const server = new x402ResourceServer(new HTTPFacilitatorClient({ url: facilitator }))
    server.register(network, new ExactEvmScheme())
    const terms = { scheme: 'exact', network, payTo, maxTimeoutSeconds: seconds }
    const accepts = { ...terms, price: { asset, amount: `${price}`, extra: domain } }
    const listener = servers.express(
      server,
      { 'GET /report': { accepts } },
      { '/report': async () => [200, 'It rains.'] },
    )
    return { payTo, url: `${await listen(listener)}/report` }
  }

  it('pays exactly the price by ERC-3009, without gas', async () => {
    const { url, payTo } = await openShop()
    const { address, pay, events } = await newBuyer()
    const response = await pay(url)
    expect(await response.text()).to.equal('It rains.')
    expect(events).to.deep.equal([{ url, amount: price, unit: 'call', price }])
    expect([await wallet(address), await wallet(payTo)]).to.deep.equal([price, price])
  })

  it('signs anew for every request', async () => {
    const { url, payTo } = await openShop()
    const { pay, signed } = await newBuyer()
    for (let request = 0; request < 2; request++) expect((await pay(url)).status).to.equal(200)
    expect(new Set(signed.map(({ nonce }) => nonce)).size).to.equal(2)
    expect(await wallet(payTo)).to.equal(2n * price)
  })

  it('pays in a token that is none of ours', async () => {
    const buyer = newAccount()
    const token = await deploySource(world.person(1), 'ForeignToken.sol', 'ForeignToken', [buyer.address, price])
    const { payTo, url } = await openShop({ asset: token, domain: { name: 'Foreign token', version: '2' } })
    const limits = { perRequest: price }
    const pay = payingFetch({ client: world.as(buyer), signer: buyer, store: memoryStore(), limits, exact: [token] })
    expect((await pay(url)).status).to.equal(200)
    expect([await wallet(buyer.address, token), await wallet(payTo, token)]).to.deep.equal([0n, price])
  })

  it('pays in no token that it was not told of', async () => {
    const { url, payTo } = await openShop()
    for (const exact of [[], [newAccount().address]]) {
      const { pay, signed } = await newBuyer({ exact })
      expect(await codeOf(pay(url))).to.equal('PROTOCOL_VIOLATION')
      expect(signed).to.have.lengthOf(0)
    }
    expect(await wallet(payTo)).to.equal(0n)
  })

  it('keeps to the limits, of a request and of a day', async () => {
    const { url } = await openShop()
    const careful = await newBuyer({ perRequest: price - 1n })
    expect(await codeOf(careful.pay(url))).to.equal('LIMIT_EXCEEDED')
    expect(careful.signed).to.have.lengthOf(0)
    const { pay, signed, address } = await newBuyer({ perDay: price })
    expect((await pay(url)).status).to.equal(200)
    expect(await codeOf(pay(url))).to.equal('LIMIT_EXCEEDED')
    expect(signed).to.have.lengthOf(1)
    expect(await wallet(address)).to.equal(price)
  })

  it('signs nothing that it cannot pay', async () => {
    const { url } = await openShop()
    const { pay, signed } = await newBuyer({ holds: price - 1n })
    expect(await codeOf(pay(url))).to.equal('INSUFFICIENT_BALANCE')
    expect(signed).to.have.lengthOf(0)
  })

  describe('that cheats', () => {
    /** A server that asks for money on its own terms, and does with a payment what it likes. */
    const openTrap = async (
      change: object,
      take: (payment: string) => [number, Record<string, string>] = () => [200, {}],
    ) => {
      const payTo = newAccount().address
      const payments: X402Payment[] = []
      const offer = {
        scheme: 'exact',
        network: `eip155:${world.chainId}`,
        asset: currency,
        amount: `${price}`,
        payTo,
        maxTimeoutSeconds: 60,
        extra: { name, version: '1' },
        ...change,
      }
      const required = writeJson({
        x402Version: 2,
        resource: { url: 'http://shop.example/' },
        accepts: [null, 7, offer],
      })
      const url = await listen((request, response) => {
        const payment = request.headers['payment-signature']
        if (typeof payment !== 'string') return void response.writeHead(402, { 'payment-required': required }).end()
        payments.push(JSON.parse(Buffer.from(payment, 'base64').toString()))
        const [status, headers] = take(payment)
        response.writeHead(status, { 'payment-required': required, ...headers }).end()
      })
      return { url, payments, offer }
    }

    const traps: Record<string, [code: ErrorCode, change: () => object]> = {
      'on another chain': ['WRONG_CHAIN', () => ({ network: 'eip155:1' })],
      'on no EVM chain': ['PROTOCOL_VIOLATION', () => ({ network: 'solana:mainnet' })],
      'in another token': ['PROTOCOL_VIOLATION', () => ({ asset: newAccount().address })],
      'to nobody': ['PROTOCOL_VIOLATION', () => ({ payTo: `0x${'0'.repeat(40)}` })],
      'to no address': ['PROTOCOL_VIOLATION', () => ({ payTo: 'me' })],
      'of more than the limit': ['LIMIT_EXCEEDED', () => ({ amount: `${price + 1n}` })],
      'of nothing': ['PROTOCOL_VIOLATION', () => ({ amount: '0' })],
      'of less than nothing': ['PROTOCOL_VIOLATION', () => ({ amount: '-1000' })],
      'of a fraction': ['PROTOCOL_VIOLATION', () => ({ amount: '0.5' })],
      'of an amount in hexadecimal': ['PROTOCOL_VIOLATION', () => ({ amount: '0x10' })],
      'of more than there is': ['PROTOCOL_VIOLATION', () => ({ amount: '9'.repeat(40) })],
      'of an amount that is a number': ['PROTOCOL_VIOLATION', () => ({ amount: 1_000 })],
      'in no time': ['PROTOCOL_VIOLATION', () => ({ maxTimeoutSeconds: 0 })],
      'at a time that is none': ['PROTOCOL_VIOLATION', () => ({ maxTimeoutSeconds: '60' })],
      'under another name': ['PROTOCOL_VIOLATION', () => ({ extra: { name: 'Dollar', version: '1' } })],
      'under another version': ['PROTOCOL_VIOLATION', () => ({ extra: { name, version: '2' } })],
      'without a domain': ['PROTOCOL_VIOLATION', () => ({ extra: {} })],
      'by Permit2': ['PROTOCOL_VIOLATION', () => ({ extra: { name, version: '1', assetTransferMethod: 'permit2' } })],
      'before it does anything': [
        'PROTOCOL_VIOLATION',
        () => ({ extra: { name, version: '1', paymentFlow: 'upfront' } }),
      ],
      'by another scheme': ['PROTOCOL_VIOLATION', () => ({ scheme: 'upto' })],
    }
    for (const [what, [code, change]] of Object.entries(traps)) {
      it(`gets no signature where it asks for a payment ${what}`, async () => {
        const { url, payments } = await openTrap(change())
        const { pay, signed } = await newBuyer()
        expect(await codeOf(pay(url))).to.equal(code)
        expect([signed, payments]).to.deep.equal([[], []])
      })
    }

    it('gets one authorization, over the price, to its payee, and for ten minutes at most', async () => {
      const { url, payments, offer } = await openTrap({ maxTimeoutSeconds: 10 ** 9 })
      const { address, pay } = await newBuyer()
      expect((await pay(url)).status).to.equal(200)
      const [{ payload, accepted } = {} as X402Payment] = payments
      const { nonce: _, validBefore, ...rest } = payload['authorization'] as Record<string, string>
      const { payTo } = offer
      expect(rest).to.deep.equal({ from: address, to: payTo.toLowerCase(), value: `${price}`, validAfter: '0' })
      expect(Number(validBefore)).to.be.within(Date.now() / 1_000, Date.now() / 1_000 + 601)
      expect(accepted).to.deep.equal(offer)
      expect(payments).to.have.lengthOf(1)
    })

    it('gets no second authorization where it asks again, with whatever reason', async () => {
      const settled = writeJson({ success: false, errorReason: 'pay\u001b[2J again', transaction: '', network: 'x:1' })
      for (const headers of [{}, { 'payment-response': settled }, { 'payment-response': 'garbage' }]) {
        const { url, payments } = await openTrap({}, () => [402, headers as Record<string, string>])
        const { pay, signed } = await newBuyer()
        const error = await errorOf(pay(url))
        expect(error.code).to.equal('PAYMENT_REFUSED')
        expect(error.message).not.to.match(/\p{Cc}/u)
        expect([signed.length, payments.length]).to.deep.equal([1, 1])
      }
    })

    it('cannot have a payment carried to another server, nor the limit paid twice, by redirecting', async () => {
      const other = await openTrap({})
      const { url, payments } = await openTrap({}, () => [302, { location: other.url }])
      const { pay, signed } = await newBuyer()
      expect(await codeOf(pay(url))).to.equal('LIMIT_EXCEEDED')
      expect([payments.length, other.payments.length, signed.length]).to.deep.equal([1, 0, 1])
    })
  })

  it('says why a stock server does not take what came too late, and nothing moved', async () => {
    const { url, payTo } = await openShop({ seconds: 1 })
    const { address, pay } = await newBuyer()
    const error = await errorOf(pay(url))
    expect(error.values).to.deep.equal({ reason: 'invalid_exact_evm_payload_authorization_valid_before' })
    expect([await wallet(address), await wallet(payTo)]).to.deep.equal([2n * price, 0n])
  })
})

async function errorOf(work: Promise<unknown>): Promise<ScripError> {
  const error = await work.then(
    () => new Error('It did not fail.'),
    (reason: unknown) => reason,
  )
  if (error instanceof ScripError) return error
  throw error
}

async function codeOf(work: Promise<unknown>): Promise<ErrorCode> {
  return (await errorOf(work)).code
}
