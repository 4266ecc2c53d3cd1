import {
  addresses,
  encodeFlowCut,
  encodeFlowWitness,
  type IndexedEdge,
  type ScripActions,
  scripActions,
} from '@scrip/sdk/chain'
import { createPayee, createPayer } from '@scrip/sdk/channels'
import { ScripError } from '@scrip/sdk/errors'
import { Graph, proveFlow } from '@scrip/sdk/reputation'
import { memoryStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import { network } from 'hardhat'
import type { Address } from 'viem'
import { type Market, openMarket, type Person } from '../../support/market.ts'

const DAY = 86_400

describe('the actions about flows', () => {
  let connection: Awaited<ReturnType<typeof network.create>>
  let market: Market
  let steward: ScripActions
  let networkId: bigint
  let edges: IndexedEdge[]
  let seed: Person
  let friend: Person
  let peer: Person
  let puppet: Person

  const addressOf = ({ account }: Person): Address => account.address
  const serve = async (consumer: Person, provider: Person, amount: bigint) => {
    const [pays, { currency }] = [scripActions()(consumer.client), market]
    const channel = await pays.openChannel({ payee: addressOf(provider), currency, deposit: amount })
    const payer = createPayer({ channel, signer: consumer.account, store: memoryStore() })
    const accept = { chainId: channel.chainId, contract: channel.contract, currencies: [currency], maxExposure: 0n }
    const payee = createPayee({ account: provider.account, store: memoryStore(), accept })
    await payee.observe(channel, { claimed: 0n, deposit: amount, exitAt: 0 })
    await payee.accept(await payer.pay(amount))
    await pays.claimBatch({ claims: await payee.claimable() })
    await steward.sync({ networkId, channels: [channel] })
    edges.push([addressOf(consumer), addressOf(provider), amount])
  }
  const closeEpoch = () => connection.networkHelpers.time.increase(DAY)

  before(async () => {
    connection = await network.create()
    market = await openMarket(connection)
    steward = scripActions()(market.issuer.client)
  })
  beforeEach(async () => {
    ;({ networkId } = await steward.createNetwork({ epochLength: DAY }))
    await steward.setWeight({ networkId, currency: market.currency })
    edges = []
    ;[seed, friend, peer, puppet] = (await Promise.all([1, 2, 3, 4].map(() => market.person()))) as [
      Person,
      Person,
      Person,
      Person,
    ]
    await serve(seed, friend, 50n)
    await serve(friend, peer, 30n)
    await serve(puppet, peer, 1_000n)
    const terms = { seeds: [addressOf(seed)], admitFlow: 30n, keepFlow: 20n, admissionPeriod: DAY }
    await steward.setFlowTerms({ networkId, ...terms })
    await steward.setPolicy({ networkId, policy: addresses.flowPolicy })
  })

  const prove = async (target: Person) => {
    const closed = await steward.getClosedEdges({ networkId, edges })
    const proof = proveFlow(Graph.fromEdges(closed.edges), addressOf(seed), addressOf(target))
    return { epoch: closed.epoch, ...proof }
  }

  it('read what edges held when the last epoch closed', async () => {
    expect(await steward.getClosedEdges({ networkId, edges })).to.deep.equal({ epoch: 1, edges: [] })
    await closeEpoch()
    await serve(seed, peer, 5n)
    const closed = edges.slice(0, 3)
    expect(await steward.getClosedEdges({ networkId, edges })).to.deep.equal({ epoch: 2, edges: closed })
    // More than one call asks for at once.
    const many = Array.from({ length: 501 }, () => closed[0] as IndexedEdge)
    expect((await steward.getClosedEdges({ networkId, edges: many })).edges).to.deep.equal(many)
    await rejects(steward.getClosedEdges({ networkId: 99n, edges }), 'UnknownNetwork')
  })

  it('have the chain check a proof, for as long as an epoch lasts', async () => {
    await closeEpoch()
    const proof = await prove(peer)
    expect(await steward.verifyFlow({ networkId, ...proof })).to.deep.equal({ least: 30n, most: 30n })
    const [first] = proof.flow
    if (first === undefined) throw new Error('Nothing flows.')
    await rejects(steward.verifyFlow({ networkId, ...proof, flow: [{ ...first, amount: 51n }] }), 'AboveCapacity')
    await closeEpoch()
    await rejects(steward.verifyFlow({ networkId, ...proof }), 'StaleEpoch')
  })

  it('admit by a flow from the seeds, and expel by a cut', async () => {
    await closeEpoch()
    const { epoch, flow, cut } = await prove(peer)
    await rejects(steward.admit({ networkId, peer: addressOf(peer) }), 'NotEligible')
    await steward.admit({ networkId, peer: addressOf(peer), proof: encodeFlowWitness({ epoch, flow }) })
    expect((await steward.getAdmission({ networkId, peer: addressOf(peer) })).admitted).to.equal(true)

    const expel = () => steward.expel({ networkId, peer: addressOf(peer), proof: encodeFlowCut({ epoch, cut }) })
    await rejects(expel(), 'StillEligible')
    // The steward asks for more: the cut shows that the peer does not have it.
    const stricter = { seeds: [addressOf(seed)], admitFlow: 100n, keepFlow: 31n, admissionPeriod: DAY }
    await steward.setFlowTerms({ networkId, ...stricter })
    await expel()
    expect((await steward.getAdmission({ networkId, peer: addressOf(peer) })).admitted).to.equal(false)
  })

  it('say what is wrong with a proof', async () => {
    await closeEpoch()
    const { epoch, flow } = await prove(peer)
    const proof = encodeFlowWitness({ epoch: epoch + 1, flow })
    await rejects(steward.admit({ networkId, peer: addressOf(peer), proof }), 'StaleEpoch')
    await rejects(
      steward.admit({ networkId, peer: addressOf(puppet), proof: encodeFlowWitness({ epoch, flow }) }),
      'NotConserved',
    )
    const cut = { side: [], sourceSide: true, internalEdges: [] }
    await steward.admit({ networkId, peer: addressOf(peer), proof: encodeFlowWitness({ epoch, flow }) })
    await rejects(
      steward.expel({ networkId, peer: addressOf(peer), proof: encodeFlowCut({ epoch, cut }) }),
      'SideLacks',
    )
  })

  it('set the terms in any order of the seeds, and give them back', async () => {
    const seeds = [peer, seed, friend].map(addressOf)
    const terms = { admitFlow: 2n, keepFlow: 1n, admissionPeriod: 60 }
    await steward.setFlowTerms({ networkId, seeds: [...seeds, addressOf(peer)], ...terms })
    const set = await steward.getFlowTerms({ networkId })
    const ascending = [...seeds].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))
    expect(set).to.deep.equal({ seeds: ascending, ...terms })
    await rejects(steward.setFlowTerms({ networkId, seeds: [], ...terms }), 'InvalidTerms')
    const unset = await steward.createNetwork({ epochLength: DAY })
    expect((await steward.getFlowTerms(unset)).seeds).to.deep.equal([])
  })
})

/** That the contract refuses with an error of this name. */
async function rejects(promise: Promise<unknown>, name: string): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof ScripError)) throw error ?? new Error('It was not refused.')
  expect(error.values['error'], error.message).to.equal(name)
}
