import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGate } from '@scrip/sdk/admission'
import {
  admit,
  claim,
  claimAllowance,
  createNetwork,
  expel,
  RATIO_UNIT,
  setPolicy,
  setRatioTerms,
  setWeight,
  sync,
} from '@scrip/sdk/chain'
import { createPayer } from '@scrip/sdk/channels'
import { KILOBYTE } from '@scrip/sdk/http'
import { memoryStore, sqliteStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import { network } from 'hardhat'
import { createWalletClient, custom } from 'viem'
import { ask, carrying, openPayer, problemIn } from '../../support/wire.ts'
import { newTill, sell } from './support/till.ts'

const folder = mkdtempSync(join(tmpdir(), 'scrip-peer-'))

describe('a paywall with a gate', () => {
  const till = newTill(network)
  const ALLOWANCE = 20n
  let networkId: bigint

  after(() => rmSync(folder, { recursive: true }))

  beforeEach(async () => {
    const { client } = till.market.issuer
    networkId = (await createNetwork(client)).networkId
    await setWeight(client, { networkId, currency: till.market.currency })
    const ratios = { admitRatio: RATIO_UNIT, keepRatio: RATIO_UNIT }
    const terms = { ...ratios, allowance: ALLOWANCE, budget: 10n * ALLOWANCE, admissionPeriod: 86_400 }
    await setRatioTerms(client, { networkId, ...terms })
    await setPolicy(client, { networkId })
    await till.open(sell, { admission: createGate({ client: till.seller.client, networkId }) })
    await claimAllowance(till.person.client, { networkId })
    await admit(till.person.client, { networkId })
  })

  const charged = async () => (await till.shop.books()).charged

  it('serves up to the allowance, and says how much that is', async () => {
    const answer = await till.buy(30n)
    expect(answer.headers['scrip-bound']).to.equal('20')
    await answer.over
    expect(answer.body()).to.have.lengthOf(20 * KILOBYTE)
    const refused = await till.buy(1n)
    expect(refused.status).to.equal(403)
    expect(await problemIn(refused)).to.include({ code: 'ADMISSION_REFUSED', provide: '1' })
  })

  it('serves several answers at once no more than one', async () => {
    const channel = { ...till.payer.channel, funded: 100_000n }
    const many = createPayer({ channel, signer: till.person.account, store: memoryStore(), overtaking: true })
    const answers = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const answer = await ask(till.shop.url, { headers: carrying(await many.pay(8n), { amount: 8n }) })
        await answer.over
        return answer
      }),
    )
    const served = answers.filter(({ status }) => status === 200)
    const bytes = served.reduce((sum, answer) => sum + answer.body().length, 0)
    expect(bytes).to.equal(Number(ALLOWANCE) * KILOBYTE)
    expect(await charged()).to.equal(ALLOWANCE)
  })

  it('serves a payer with several channels no more than with one', async () => {
    for (let channels = 0; channels < 3; channels++) {
      till.payer = await openPayer(till.market, till.person, till.shop)
      await (await till.buy(8n)).over
    }
    expect(await charged()).to.equal(ALLOWANCE)
  })

  it('remembers over a restart what it served', async () => {
    const path = join(folder, 'gate.db')
    const admission = createGate({ client: till.seller.client, networkId })
    for (let start = 0; start < 3; start++) {
      const store = sqliteStore(path)
      await till.open(sell, { store, admission })
      await (await till.buy(8n)).over
      await till.shop.close()
      await store.close()
    }
    const store = sqliteStore(path)
    await till.open(sell, { store, admission })
    expect(await charged()).to.equal(ALLOWANCE)
    await store.close()
  })

  it('asks the chain nothing for most requests, and follows it all the same', async () => {
    const realNow = Date.now
    const calls: string[] = []
    let skew = 0
    const start = realNow()
    Date.now = () => start + skew
    try {
      const request = (call: { method: string }) => {
        calls.push(call.method)
        return till.market.provider.request(call)
      }
      const transport = custom({ request }, { retryCount: 0 })
      const client = createWalletClient({ account: till.seller.account, transport, pollingInterval: 5 })
      const admission = createGate({ client, networkId })
      await till.open(sell, { seller: { account: till.seller.account, client }, admission })
      const taste = () => till.buy(1n, '/small')
      expect((await taste()).status).to.equal(200)
      expect(calls.splice(0)).to.include('eth_call')
      for (let count = 0; count < 10; count++) expect((await taste()).status).to.equal(200)
      expect(calls.splice(0)).to.deep.equal([])

      // The eleven that were served are settled; under stricter terms that is too much, and anybody says so.
      const terms = { admitRatio: RATIO_UNIT, keepRatio: RATIO_UNIT, admissionPeriod: 86_400 }
      const setAllowance = (allowance: bigint) =>
        setRatioTerms(till.market.issuer.client, { networkId, ...terms, allowance, budget: allowance })
      const claims = await till.shop.payee.claimable()
      for (const each of claims) await claim(till.market.issuer.client, { claim: each })
      await sync(till.market.issuer.client, { networkId, channels: claims.map(({ channel }) => channel) })
      await setAllowance(10n)
      await expel(till.market.issuer.client, { networkId, peer: till.person.account.address })
      expect((await taste()).status).to.equal(200)
      skew += 10_000
      const refused = await taste()
      expect(refused.status).to.equal(403)
      const problem = await problemIn(refused)
      expect(problem).to.include({ code: 'ADMISSION_REFUSED', provide: '3' })
      expect(problem['hint']).to.match(/^Serve other peers of the network for at least 3 more units of value, /)

      // Under kinder terms it is welcome again, and served as soon as it joined.
      await setAllowance(20n)
      await admit(till.person.client, { networkId })
      expect((await taste()).status).to.equal(200)
    } finally {
      Date.now = realNow
    }
  })

  it('counts once what somebody else settled a moment ago', async () => {
    await till.open(sell, { admission: createGate({ client: till.seller.client, networkId, lag: 0 }) })
    await (await till.buy(5n)).over
    const claims = await till.shop.payee.claimable()
    for (const each of claims) await claim(till.market.issuer.client, { claim: each })
    await sync(till.market.issuer.client, { networkId, channels: claims.map(({ channel }) => channel) })
    const answer = await till.buy(30n)
    expect(answer.headers['scrip-bound']).to.equal('15')
  })

  it('serves no more to who settles its debts itself and tells no history', async () => {
    await (await till.buy(20n)).over
    const claims = await till.shop.payee.claimable()
    for (const each of claims) await claim(till.person.client, { claim: each })
    const answer = await till.buy(1n)
    expect(answer.status).to.equal(403)
    expect(await charged()).to.equal(ALLOWANCE)
    // Also through a channel of which nothing is known yet.
    till.payer = await openPayer(till.market, till.person, till.shop)
    expect((await till.buy(1n)).status).to.equal(403)
  })

  it('refuses who is not admitted, also what would be free', async () => {
    const someone = await till.market.person()
    await claimAllowance(someone.client, { networkId })
    const stranger = await openPayer(till.market, someone, till.shop)
    const answer = await ask(`${till.shop.url}/404`, { headers: carrying(await stranger.pay(1n)) })
    expect(answer.status).to.equal(403)
    expect(await problemIn(answer)).to.include({ code: 'ADMISSION_REFUSED', eligible: true })
  })
})
