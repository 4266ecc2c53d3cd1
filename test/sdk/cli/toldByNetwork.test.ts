import { scripActions } from '@scrip/sdk/chain'
import { createPayer, decodePayment } from '@scrip/sdk/channels'
import { ScripError } from '@scrip/sdk/errors'
import { estimateFailure } from '@scrip/sdk/market'
import { memoryStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import { network } from 'hardhat'
import { toHex } from 'viem'
import { toldByNetwork } from '../../../sdk/cli/backingUp/toldByNetwork.ts'
import { type Market, openMarket, type Person } from '../../support/market.ts'

const TERM = 14 * 86_400

describe('what a network says of sellers', () => {
  let market: Market
  let networkId: bigint
  const people: Person[] = []

  /** One pays another through a channel, and the network counts it. */
  const pays = async (consumer: Person, provider: Person, amount: bigint) => {
    const opened = await scripActions()(consumer.client).openChannel({
      payee: provider.account.address,
      currency: market.currency,
      deposit: amount,
    })
    const { transaction: _, ...channel } = opened
    const sender = createPayer({ channel, signer: consumer.account, store: memoryStore() })
    const { voucher } = decodePayment(await sender.pay(amount))
    if (voucher === undefined) throw new Error('The first payment is a voucher.')
    const claim = { channel, ...voucher, ticks: 0, preimage: toHex(0n, { size: 32 }) }
    await scripActions()(provider.client).claim({ claim })
    await scripActions()(provider.client).sync({ networkId, channels: [channel] })
  }

  before(async () => {
    market = await openMarket(await network.create())
    const steward = scripActions()(market.issuer.client)
    networkId = (await steward.createNetwork({ epochLength: 3_600 })).networkId
    await steward.setWeight({ networkId, currency: market.currency })
    for (let number = 0; number < 6; number++) people.push(await market.person())
    const [me, friend, sybil, good, bad, boasting] = people as [Person, Person, Person, Person, Person, Person]
    await pays(me, friend, 1_000n)
    await pays(friend, good, 100n)
    await pays(friend, bad, 100n)
    await pays(sybil, boasting, 1_000_000n)
    await pays(me, boasting, 1n)
    const faulted = { networkId, provider: bad.account.address, faulted: 75n }
    await scripActions()(friend.client).stateFaults(faulted)
  })

  it('is what those say whom one trusts, each as far as one does', async () => {
    const [me, , , good, bad, boasting] = people as [Person, Person, Person, Person, Person, Person]
    const told = await toldByNetwork(me.client, { networkId, self: me.account.address, seconds: TERM })
    // A friend whom I paid nearly all counts whole, and it took back three quarters from one of them.
    expect(told(good.account.address)).to.deep.equal({ seconds: TERM, losses: 0 })
    expect(told(bad.account.address)).to.deep.equal({ seconds: TERM, losses: 0.75 })
    // What a stranger paid, however much, says nothing, and what I paid myself is mine to judge.
    expect(told(boasting.account.address)).to.deep.equal({ seconds: 0, losses: 0 })
    const failureOf = (person: Person) =>
      estimateFailure(told(person.account.address) ?? { seconds: 0, losses: 0 }, TERM)
    expect(failureOf(good)).to.be.lessThan(failureOf(boasting))
    expect(failureOf(bad)).to.be.greaterThan(failureOf(boasting))
  })

  it('is nothing in a network that there is not', async () => {
    const { client, account } = people[0] as Person
    const error = await toldByNetwork(client, { networkId: 99n, self: account.address, seconds: TERM }).catch(
      (problem: unknown) => problem,
    )
    expect(error).to.be.instanceOf(ScripError).with.property('code', 'TRANSACTION_REVERTED')
  })
})
