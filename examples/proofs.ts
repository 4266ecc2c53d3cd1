// Reputation that a contract checks: a flow, a cut, and admission by them. Start a chain first: `npx scrip dev`.
// #region settle
import { scripActions } from '@scrip/sdk'
import { createPayee, createPayer } from '@scrip/sdk/channels'
import { memoryStore } from '@scrip/sdk/store'
import { createTestClient, createWalletClient, http, publicActions } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'

const words = 'test test test test test test test test test test test junk'
const transport = http('http://127.0.0.1:8545')
const connect = (addressIndex: number) => {
  const account = mnemonicToAccount(words, { addressIndex })
  return createWalletClient({ account, transport }).extend(publicActions).extend(scripActions())
}
const [alice, bob, carol] = [connect(0), connect(1), connect(2)]
const [seed, peer] = [alice.account.address, carol.account.address]
const day = 24 * 3600

const { currency } = await alice.createCurrency({ name: 'Proof hour', symbol: 'PRH', decimals: 2 })
const { networkId } = await alice.createNetwork({ epochLength: day })
await alice.setWeight({ networkId, currency })

const serve = async (consumer: typeof alice, provider: typeof alice, amount: bigint) => {
  await alice.mint({ currency, to: consumer.account.address, amount })
  const channel = await consumer.openChannel({ payee: provider.account.address, currency, deposit: amount })
  const payer = createPayer({ channel, signer: consumer.account, store: memoryStore() })
  const accept = { ...channel, currencies: [currency], maxExposure: 0n }
  const payee = createPayee({ account: provider.account, store: memoryStore(), accept })
  await payee.observe(channel, await provider.getChannelState({ channelId: channel.id }))
  await payee.accept(await payer.pay(amount))
  await provider.claimBatch({ claims: await payee.claimable() })
  await provider.sync({ networkId, channels: [channel] })
}
await serve(alice, bob, 50_00n)
await serve(bob, carol, 30_00n)

// Only on a chain of one's own: on others the day passes by itself.
const time = createTestClient({ mode: 'hardhat', transport })
await time.increaseTime({ seconds: day })
await time.mine({ blocks: 1 })

// #endregion

// #region prove
import { createIndexer } from '@scrip/sdk/chain'
import { Graph, proveFlow } from '@scrip/sdk/reputation'

const indexer = createIndexer({ client: carol, store: memoryStore(), networkId })
await indexer.sync()
const { epoch, edges } = await carol.getClosedEdges({ networkId, edges: await indexer.edges() })
const { sources, target, flow, cut } = proveFlow(Graph.fromEdges(edges), seed, peer)

const { least, most } = await carol.verifyFlow({ networkId, epoch, sources, target, flow, cut })
console.log(`Carol is worth at least ${least} to Alice, and at most ${most}`)

// #endregion

// #region admit
import { addresses, encodeFlowCut, encodeFlowWitness } from '@scrip/sdk/chain'

const terms = { seeds: [seed], admitFlow: 20_00n, keepFlow: 10_00n, admissionPeriod: 7 * day }
await alice.setFlowTerms({ networkId, ...terms })
await alice.setPolicy({ networkId, policy: addresses.flowPolicy })
await carol.admit({ networkId, proof: encodeFlowWitness({ epoch, flow }) })

await alice.setFlowTerms({ networkId, ...terms, admitFlow: 90_00n, keepFlow: 60_00n })
await bob.expel({ networkId, peer, proof: encodeFlowCut({ epoch, cut }) })
console.log(await bob.getAdmission({ networkId, peer }))
// #endregion
