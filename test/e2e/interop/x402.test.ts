import { issuerCurrencyAbi } from '@scrip/sdk/abi'
import { ScripError } from '@scrip/sdk/errors'
import { decodePaymentRequiredHeader, decodePaymentResponseHeader } from '@x402/core/http'
import type { ClientEvmSigner } from '@x402/evm'
import { expect } from 'chai'
import { type Address, type Hex, parseEventLogs } from 'viem'
import { listen, stopListening } from './support/listen.ts'
import { newAccount, payersWithCode } from './support/payers.ts'
import { startWorld, type World } from './support/world.ts'
import { x402Fetch } from './support/x402Buyer.ts'
import { facilitatorServer } from './support/x402Facilitator.ts'
import { shopServer } from './support/x402Shop.ts'

const price = 1_000_000n
const fees = { feeFlat: 1_000n, feeBps: 100 }
describe('a stock x402 payment by the scheme exact', function () {
  this.timeout(30_000)
  let world: World
  let facilitator: string
  before(async () => {
    world = await startWorld()
    facilitator = await listen(facilitatorServer(world.person(1)))
  })
  after(stopListening)
  after(() => world.stop())

  const balance = async (currency: Address, owner: Address) =>
    (await world.issuer.getHoldings({ currency, owner })).wallet

  /** A shop with a payee of its own, and somebody who buys there with what was minted. */
  const open = async (
    currency: Address,
    name: string,
    buyer: ClientEvmSigner = newAccount(),
    held = price,
    most = price,
  ) => {
    const payTo = newAccount().address
    if (held > 0n) await world.issuer.mint({ currency, to: buyer.address, amount: held })
    const shop = await listen(shopServer(facilitator, { chainId: world.chainId, currency, name, amount: price, payTo }))
    let paid = ''
    const recording: typeof fetch = (input, init) => {
      const request = new Request(input, init)
      paid = request.headers.get('payment-signature') ?? paid
      return fetch(request)
    }
    const limit = { chainId: world.chainId, currency, most }
    return {
      url: `${shop}/report`,
      buyer: buyer.address,
      payTo,
      pay: x402Fetch(buyer, limit, recording),
      /** The header that the last paid request carried. */
      paid: () => paid,
    }
  }

  /** What the shop's answer gives as the reason for asking for money (again). */
  const reason = (response: Response) =>
    decodePaymentRequiredHeader(response.headers.get('payment-required') ?? '').error

  for (const [what, service] of [
    ['without a fee', {}],
    ['whose issuer charges a fee for its own service', fees],
  ] as const) {
    describe(`in a currency ${what}`, () => {
      const name = `Dollar ${what}`
      let currency: Address
      before(async () => {
        currency = await world.createCurrency({ name, ...service })
      })

      it('moves exactly the price, from a payer who holds exactly that and no gas money', async () => {
        const { issuer } = world
        const { url, buyer, payTo, pay } = await open(currency, name)
        const response = await pay(url)
        expect(response.status).to.equal(200)
        expect(await response.text()).to.equal('It rains.')

        expect(await balance(currency, buyer)).to.equal(0n)
        expect(await balance(currency, payTo)).to.equal(price)
        expect(await balance(currency, issuer.account.address)).to.equal(0n)
        expect(await issuer.getBalance({ address: buyer })).to.equal(0n)
        const settled = decodePaymentResponseHeader(response.headers.get('payment-response') ?? '')
        expect(settled).to.include({ success: true, payer: buyer, network: `eip155:${world.chainId}` })
        const { logs } = await issuer.getTransactionReceipt({ hash: settled.transaction as Hex })
        const events = parseEventLogs({ abi: issuerCurrencyAbi, logs }).map(({ eventName }) => eventName)
        expect(events).to.have.members(['AuthorizationUsed', 'Transfer'])
      })

      it('uses an authorization once, also of a payer who could pay again', async () => {
        const { url, buyer, payTo, pay, paid } = await open(currency, name)
        expect((await pay(url)).status).to.equal(200)
        await world.issuer.mint({ currency, to: buyer, amount: price })
        const again = await fetch(url, { headers: { 'payment-signature': paid() } })
        expect(again.status).to.equal(402)
        expect(reason(again)).to.equal('invalid_exact_evm_nonce_already_used')
        expect(await again.text()).not.to.contain('It rains.')
        expect(await balance(currency, buyer)).to.equal(price)
        expect(await balance(currency, payTo)).to.equal(price)
      })

      it('moves nothing where the payer lacks one unit', async () => {
        const { url, buyer, payTo, pay } = await open(currency, name, newAccount(), price - 1n)
        const response = await pay(url)
        expect(response.status).to.equal(402)
        expect(reason(response)).to.equal('invalid_exact_evm_insufficient_balance')
        expect(await balance(currency, buyer)).to.equal(price - 1n)
        expect(await balance(currency, payTo)).to.equal(0n)
      })
    })
  }

  it('needs less than the issuer’s own service, which asks for the fee on top', async () => {
    const currency = await world.createCurrency(fees)
    const holder = world.person(2)
    await world.issuer.mint({ currency, to: holder.account.address, amount: price })
    const payment = { currency, recipient: newAccount().address, amount: price }
    const error = await holder.transferFunds(payment).catch((refused: unknown) => refused)
    expect(error).to.be.instanceOf(ScripError).with.property('code', 'INSUFFICIENT_BALANCE')
    await world.issuer.mint({ currency, to: holder.account.address, amount: 11_000n })
    expect((await holder.transferFunds(payment)).fee).to.equal(11_000n)
    expect(await balance(currency, holder.account.address)).to.equal(0n)
  })

  it('says so where the shop states another name than the currency’s', async () => {
    const currency = await world.createCurrency({ name: 'Right name' })
    const { url, payTo, pay } = await open(currency, 'Wrong name')
    expect(reason(await pay(url))).to.equal('invalid_exact_evm_token_name_mismatch')
    expect(await balance(currency, payTo)).to.equal(0n)
  })

  it('is not signed for more than the buyer allows in the currency', async () => {
    const currency = await world.createCurrency({ name: 'Capped dollar' })
    const { url, buyer, pay, paid } = await open(currency, 'Capped dollar', newAccount(), price, price - 1n)
    const error = await pay(url).catch((refused: unknown) => refused)
    expect(error).to.be.instanceOf(Error)
    expect(paid()).to.equal('')
    expect(await balance(currency, buyer)).to.equal(price)
  })

  for (const [what, make] of Object.entries(payersWithCode)) {
    it(`is made by ${what}`, async () => {
      const name = `Dollar for ${what}`.slice(0, 64)
      const currency = await world.createCurrency({ name, ...fees })
      const { url, buyer, payTo, pay } = await open(currency, name, await make(world))
      const response = await pay(url)
      expect(response.status).to.equal(200)
      expect(await balance(currency, buyer)).to.equal(0n)
      expect(await balance(currency, payTo)).to.equal(price)
    })
  }
})
