import { getEdge, type ScripActions, scripActions } from '@scrip/sdk/chain'
import { type Channel, createPayer, decodePayment } from '@scrip/sdk/channels'
import { memoryStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import { network } from 'hardhat'
import { type Address, toHex } from 'viem'
import { syncUncounted } from '../../../sdk/cli/syncUncounted.ts'
import { type Market, openMarket, type Person } from '../../support/market.ts'

describe('syncUncounted', () => {
  let market: Market
  let steward: ScripActions
  let payer: Person
  let payee: Person
  let networkId: bigint

  before(async () => {
    market = await openMarket(await network.create())
    steward = scripActions()(market.issuer.client)
  })
  beforeEach(async () => {
    payer = await market.person()
    payee = await market.person(0n)
    networkId = (await steward.createNetwork()).networkId
    await steward.setWeight({ networkId, currency: market.currency })
  })

  const sync = (channels: Channel[]) => syncUncounted(market.issuer.client, networkId, channels)
  const served = async () => {
    const edge = { networkId, consumer: payer.account.address, provider: payee.account.address }
    return (await getEdge(market.issuer.client, edge)).served
  }
  /** A channel through which something was paid and claimed. */
  const settled = async (currency: Address, amount: bigint, to = payee): Promise<Channel> => {
    const actions = scripActions()(payer.client)
    const terms = { payee: to.account.address, currency, deposit: amount }
    const { transaction: _, funded: __, ...channel } = await actions.openChannel(terms)
    const sender = createPayer({ channel: { ...channel, funded: amount }, signer: payer.account, store: memoryStore() })
    const { voucher } = decodePayment(await sender.pay(amount))
    if (voucher === undefined) throw new Error('The first payment is a voucher.')
    await actions.claim({ claim: { channel, ...voucher, ticks: 0, preimage: toHex(0n, { size: 32 }) } })
    return channel
  }

  it('counts what is new, once', async () => {
    const channel = await settled(market.currency, 70n)
    expect(await sync([channel])).not.to.equal(undefined)
    expect(await served()).to.equal(70n)
    expect(await sync([channel])).to.equal(undefined)
    expect(await sync([])).to.equal(undefined)
  })

  it('counts another currency after one that is retired', async () => {
    const first = await settled(market.currency, 70n)
    await sync([first])
    await steward.retireToken({ networkId, currency: market.currency })
    const { currency } = await steward.createCurrency({ name: 'Second', symbol: 'TWO', decimals: 0 })
    await steward.setWeight({ networkId, currency })
    await steward.mint({ currency, to: payer.account.address, amount: 5n })
    const second = await settled(currency, 5n)
    await sync([first, second])
    expect(await served()).to.equal(75n)
    expect(await sync([first, second])).to.equal(undefined)
  })

  it('sends nothing for what counts nothing: oneself, less than a unit, no weight', async () => {
    const own = await settled(market.currency, 3n, payer)
    const { currency } = await steward.createCurrency({ name: 'Dust', symbol: 'DUST', decimals: 0 })
    await steward.mint({ currency, to: payer.account.address, amount: 3n })
    const dust = await settled(currency, 3n)
    expect(await sync([own, dust])).to.equal(undefined)
    await steward.setWeight({ networkId, currency, weight: 10n ** 17n })
    expect(await sync([own, dust])).to.equal(undefined)
  })
})
