import { requestExit, topUp } from '@scrip/sdk/chain'
import { KILOBYTE } from '@scrip/sdk/http'
import { expect } from 'chai'
import { network } from 'hardhat'
import { createWalletClient, custom, http } from 'viem'
import { ask, carrying, openPayer, problemIn } from '../../support/wire.ts'
import { newTill, sell } from './support/till.ts'

describe('a paywall and the chain', () => {
  const till = newTill(network)

  it('says how far a deposit carries, and that it was topped up', async () => {
    const small = await openPayer(till.market, till.person, till.shop, { deposit: 2n })
    await small.setFunded(100n)
    const payment = await small.pay(3n)
    const refused = await ask(till.shop.url, { headers: carrying(payment) })
    expect(refused.status).to.equal(402)
    expect(await problemIn(refused)).to.include({ code: 'DEPOSIT_EXCEEDED', total: '3', covered: '2' })
    await topUp(till.person.client, { channel: small.channel, amount: 1n })
    const answer = await ask(till.shop.url, { headers: carrying(payment) })
    await answer.over
    expect(answer.body()).to.have.lengthOf(3 * KILOBYTE)
  })

  it('says that a channel is being left', async () => {
    const { exitAt } = await requestExit(till.person.client, { channel: till.payer.channel })
    const answer = await till.buy(1n)
    expect(answer.status).to.equal(409)
    expect(await problemIn(answer)).to.include({ code: 'CHANNEL_EXITING', exitAt })
  })

  it('that does not answer is the peer’s difficulty, and no stranger learns where it is', async () => {
    const client = createWalletClient({
      account: till.seller.account,
      transport: http('http://127.0.0.1:1/secret', { retryCount: 0 }),
    })
    await till.open(sell, { seller: { account: till.seller.account, client } })
    const answer = await till.buy(1n)
    expect(answer.status).to.equal(503)
    const problem = await problemIn(answer)
    expect(problem).to.include({ code: 'RPC_UNREACHABLE', detail: 'The peer has a difficulty of its own.' })
    expect(JSON.stringify(problem)).to.not.match(/secret|127\.0\.0\.1/)
  })

  describe('that is looked at now and then', () => {
    const realNow = Date.now
    const MINUTE = 60_000
    let skew: number
    let looks: number
    /** What becomes of a call to the node. */
    let answering: (call: { method: string }) => Promise<unknown>

    beforeEach(async () => {
      const start = realNow()
      skew = 0
      looks = 0
      answering = (call) => till.market.provider.request(call)
      Date.now = () => start + skew
      const request = (call: { method: string }) => {
        looks++
        return answering(call)
      }
      const transport = custom({ request }, { retryCount: 0 })
      const client = createWalletClient({ account: till.seller.account, transport, pollingInterval: 5 })
      await till.open(sell, { seller: { account: till.seller.account, client } })
      expect((await taste()).status).to.equal(200)
      looks = 0
    })
    afterEach(() => {
      Date.now = realNow
    })

    const taste = async () => {
      const answer = await till.buy(1n, '/small')
      await answer.over
      return answer
    }
    const nobody = http('http://127.0.0.1:1', { retryCount: 0 })({})
    const isAway = (call: { method: string }) => nobody.request(call as Parameters<typeof nobody.request>[0])
    /** The first answer of another status, of what is bought one after another. */
    const refusal = async () => {
      for (;;) {
        const answer = await taste()
        if (answer.status !== 200) return { status: answer.status, ...(await problemIn(answer)) }
      }
    }

    it('makes no payment wait for it', async () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      answering = async (call) => {
        await promise
        return till.market.provider.request(call)
      }
      skew += MINUTE
      for (let count = 0; count < 10; count++) expect((await taste()).status).to.equal(200)
      expect(looks).to.equal(1)
      resolve()
    })

    it('may be away for some minutes, and is not asked again with every request', async () => {
      answering = isAway
      skew += 4 * MINUTE
      for (let count = 0; count < 10; count++) expect((await taste()).status).to.equal(200)
      expect(looks).to.equal(1)
      // A stranger is another matter.
      const known = till.payer
      till.payer = await openPayer(till.market, await till.market.person(), till.shop)
      expect((await taste()).status).to.equal(503)
      till.payer = known
      // So much later an exit could be near.
      skew += MINUTE + 1
      expect(await refusal()).to.include({ status: 503, code: 'RPC_UNREACHABLE' })
      answering = (call) => till.market.provider.request(call)
      expect((await taste()).status).to.equal(200)
    })

    it('says soon that a channel is being left', async () => {
      await requestExit(till.person.client, { channel: till.payer.channel })
      expect((await taste()).status).to.equal(200)
      skew += MINUTE
      expect(await refusal()).to.include({ status: 409, code: 'CHANNEL_EXITING' })
    })

    it('says so also where the clock was set back meanwhile', async () => {
      const now = performance.now.bind(performance)
      await requestExit(till.person.client, { channel: till.payer.channel })
      skew -= 60 * MINUTE
      performance.now = () => now() + MINUTE
      try {
        expect(await refusal()).to.include({ status: 409, code: 'CHANNEL_EXITING' })
      } finally {
        performance.now = now
      }
    })

    it('takes nothing on a channel that a reorg took away', async () => {
      // What the node says of a channel that nobody opened.
      answering = async () => `0x${'00'.repeat(128)}`
      skew += MINUTE
      expect(await refusal()).to.include({ status: 409, code: 'UNKNOWN_CHANNEL' })
      expect(await refusal()).to.include({ status: 409, code: 'UNKNOWN_CHANNEL' })
    })
  })
})
