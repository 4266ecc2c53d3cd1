import type { Server } from 'node:http'
import { createGate } from '@scrip/sdk/admission'
import {
  addresses,
  admit,
  claimAllowance,
  createIndexer,
  createNetwork,
  encodeFlowCut,
  encodeFlowWitness,
  expel,
  getAdmission,
  getClosedEdges,
  RATIO_UNIT,
  setAllOf,
  setFlowTerms,
  setPolicy,
  setRatioTerms,
  setWeight,
  sync,
} from '@scrip/sdk/chain'
import { ScripError } from '@scrip/sdk/errors'
import { Graph, proveFlow } from '@scrip/sdk/reputation'
import { memoryStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import { network } from 'hardhat'
import type { Hex } from 'viem'
import { type Market, openMarket, openShop, type Person, type Shop } from '../../support/market.ts'
import { settle } from '../../support/settle.ts'
import { ask, carrying, openPayer, problemIn } from '../../support/wire.ts'

const HOUR = 3_600
const DAY = 86_400
const FLOW = 50n

/**
 * The recommended policy against those who want in for nothing: all of the ratio and a flow from seeds. What peers do is
 * settled through channels, proofs are the best that the settled graph gives, and whoever wants in knocks at a seller.
 */
describe('AllOf(Ratio, Flow from seeds)', function () {
  this.timeout(60_000)
  let connection: Awaited<ReturnType<typeof network.create>>
  let market: Market
  let networkId: bigint
  let seed: Person
  let member: Person
  let seller: Person
  let shop: Shop & { server: Server }

  before(async () => {
    connection = await network.create()
    market = await openMarket(connection)
    const steward = market.issuer.client
    networkId = (await createNetwork(steward, { epochLength: HOUR })).networkId
    await setWeight(steward, { networkId, currency: market.currency })
    ;[seed, member, seller] = [await market.person(), await market.person(), await market.person()]
    const ratio = { admitRatio: RATIO_UNIT, keepRatio: RATIO_UNIT / 2n, allowance: 100n, budget: 500n }
    await setRatioTerms(steward, { networkId, ...ratio, admissionPeriod: DAY })
    await setFlow(FLOW)
    await setAllOf(steward, { networkId, policies: [addresses.ratioPolicy, addresses.flowPolicy] })
    await setPolicy(steward, { networkId, policy: addresses.allOfPolicy })
    shop = await openShop(market, (_request, response) => response.end('goods'), {
      seller,
      admission: createGate({ client: seller.client, networkId, lag: 0 }),
    })
    // The seed was served by the member, who was served by the seller.
    await serve(member, seed, 400n)
    await serve(seller, member, 300n)
    await closeEpoch()
  })
  after(() => shop.close())

  const setFlow = async (least: bigint) => {
    const terms = { seeds: [seed.account.address], admitFlow: least, keepFlow: least, admissionPeriod: DAY }
    await setFlowTerms(market.issuer.client, { networkId, ...terms })
  }
  const serve = async (provider: Person, consumer: Person, amount: bigint) => {
    const { channel } = await settle(provider, consumer, amount, market.currency)
    await sync(market.issuer.client, { networkId, channels: [channel] })
  }
  const closeEpoch = () => connection.networkHelpers.time.increase(HOUR)

  /** What the last closed epoch proves of a peer in the seed's eyes. */
  const provable = async ({ account }: Person) => {
    const indexer = createIndexer({ client: seller.client, store: memoryStore(), networkId })
    await indexer.sync()
    const { epoch, edges } = await getClosedEdges(seller.client, { networkId, edges: await indexer.edges() })
    return { epoch, ...proveFlow(Graph.fromEdges(edges), [seed.account.address], account.address) }
  }
  const join = async (peer: Person) => {
    const { epoch, flow } = await provable(peer)
    return admit(peer.client, { networkId, proofs: flowProof(encodeFlowWitness({ epoch, flow })) })
  }
  const flowProof = (proof: Hex) => ({ [addresses.flowPolicy]: proof })
  const ratioHolds = async ({ client }: Person) => {
    const { standing } = await getAdmission(client, { networkId })
    return standing?.kind === 'allOf' && standing.parts[0]?.eligible
  }
  /** The error of the contract that refuses. */
  const refusal = async (attempt: Promise<unknown>): Promise<unknown> => {
    const error = await attempt.catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(ScripError).with.property('code', 'TRANSACTION_REVERTED')
    return (error as ScripError).values['error']
  }
  const knock = async (peer: Person) =>
    ask(shop.url, { headers: carrying(await (await openPayer(market, peer, shop)).pay(1n)) })
  const expectRefused = async (peer: Person) => {
    expect(await refusal(join(peer))).to.equal('NotEligible')
    const answer = await knock(peer)
    expect(answer.status).to.equal(403)
    const { hint } = await problemIn(answer)
    expect(hint).to.match(/Serve the network's seed peers, .* 50 units of value flow from them to you/)
  }

  it('serves a member that seeds were served by', async () => {
    await join(member)
    const answer = await knock(member)
    expect([answer.status, (await answer.over) && answer.body().toString()]).to.deep.equal([200, 'goods'])
  })

  it('refuses a stranger with a fresh address, also one with a newcomer’s allowance', async () => {
    const stranger = await market.person()
    await expectRefused(stranger)
    await claimAllowance(stranger.client, { networkId })
    expect(await ratioHolds(stranger)).to.equal(true)
    await expectRefused(stranger)
  })

  it('refuses sock puppets that pay each other, whatever flow they make up', async () => {
    const [one, two] = [await market.person(), await market.person()]
    await serve(one, two, 500_000n)
    await serve(two, one, 500_000n)
    await closeEpoch()
    for (const puppet of [one, two]) {
      expect(await ratioHolds(puppet)).to.equal(true)
      await expectRefused(puppet)
    }
    const { epoch } = await provable(one)
    const [from, middle, to] = [seed, two, one].map(({ account }) => account.address) as [Hex, Hex, Hex]
    const ascending = [
      { from, to: middle, amount: FLOW },
      { from: middle, to, amount: FLOW },
    ].sort((a, b) => (a.from.toLowerCase() < b.from.toLowerCase() ? -1 : 1))
    for (const [flow, error] of [
      [[{ from, to, amount: FLOW }], 'AboveCapacity'],
      [[{ from: middle, to, amount: FLOW }], 'NotConserved'],
      [ascending, 'AboveCapacity'],
    ] as const) {
      const forged = admit(one.client, { networkId, proofs: flowProof(encodeFlowWitness({ epoch, flow })) })
      expect(await refusal(forged)).to.equal(error)
    }
    expect((await getAdmission(one.client, { networkId })).admitted).to.equal(false)
  })

  it('refuses a ring that got a member to buy a little: all of it together counts for what the member paid', async () => {
    const ring = [await market.person(), await market.person(), await market.person()] as const
    const mule = await market.person()
    await serve(ring[0], member, FLOW - 1n)
    for (const [index, peer] of ring.entries()) {
      await serve(peer, ring[(index + 1) % ring.length] as Person, 100_000n)
      await serve(peer, mule, 100_000n)
      await serve(seller, peer, 300n)
    }
    await closeEpoch()
    for (const peer of ring) {
      expect(await ratioHolds(peer)).to.equal(true)
      expect((await provable(peer)).least).to.equal(FLOW - 1n)
      await expectRefused(peer)
    }
    // One unit more of real service to the member is what it takes.
    await serve(ring[0], member, 1n)
    await closeEpoch()
    await join(ring[0])
    expect((await knock(ring[0])).status).to.equal(200)
  })

  it('lets anyone expel by either part’s proof, and nobody without one', async () => {
    const anyone = await market.person()
    const peer = member.account.address
    const attempt = (proof: Hex = '0x') => expel(anyone.client, { networkId, peer, proofs: flowProof(proof) })
    const cutProof = async () => {
      const { epoch, cut } = await provable(member)
      return encodeFlowCut({ epoch, cut })
    }
    await closeEpoch()
    await join(member)
    expect(await refusal(attempt())).to.equal('StillEligible')
    expect(await refusal(attempt(await cutProof()))).to.equal('StillEligible')

    // Under stricter terms a cut shows that too little flows.
    await setFlow(401n)
    expect(await refusal(attempt())).to.equal('StillEligible')
    await attempt(await cutProof())
    expect((await knock(member)).status).to.equal(403)
    await setFlow(FLOW)
    await join(member)
    expect((await knock(member)).status).to.equal(200)

    // Or the ratio does not hold any more, which the chain knows by itself.
    await serve(seller, member, 500n)
    await attempt()
    expect((await knock(member)).status).to.equal(403)
  })
})
