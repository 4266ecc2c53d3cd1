// Whom a network serves: policies, bonds, the gate. Start a chain first: `npx scrip dev`.
// #region connect
import { scripActions } from '@scrip/sdk'
import { addresses } from '@scrip/sdk/abi'
import { createGate } from '@scrip/sdk/admission'
import { createIndexer, encodeFlowCut, encodeFlowWitness, RATIO_UNIT } from '@scrip/sdk/chain'
import { Graph, proveFlow } from '@scrip/sdk/reputation'
import { memoryStore } from '@scrip/sdk/store'
import { createWalletClient, http, publicActions } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'

const words = 'test test test test test test test test test test test junk'
const connect = (addressIndex: number) => {
  const account = mnemonicToAccount(words, { addressIndex })
  const transport = http('http://127.0.0.1:8545')
  return createWalletClient({ account, transport }).extend(publicActions).extend(scripActions())
}
const [steward, alice, seller] = [connect(0), connect(1), connect(2)]
const peer = alice.account.address
const seeds = [steward.account.address]

const { currency } = await steward.createCurrency({ name: 'Admission cent', symbol: 'ADC', decimals: 2 })
await steward.mint({ currency, to: peer, amount: 100_00n })
const { networkId } = await steward.createNetwork({ epochLength: 24 * 3600 })
await steward.setWeight({ networkId, currency })
// #endregion

// #region recommended
const month = 30 * 24 * 3600
await steward.setRatioTerms({
  networkId,
  admitRatio: RATIO_UNIT / 2n, // half of what one consumed
  keepRatio: (RATIO_UNIT * 2n) / 5n,
  allowance: 5_00n, // what a newcomer may consume before it provides
  budget: 500_00n, // what all newcomers of a day get together
  claimPolicy: addresses.bondPolicy, // a claim has a stake locked for the day
  admissionPeriod: month,
})
await steward.setBondTerms({ networkId, token: currency, amount: 20_00n, admissionPeriod: month })
await steward.setFlowTerms({ networkId, seeds, admitFlow: 10_00n, keepFlow: 5_00n, admissionPeriod: month })
await steward.setAllOf({ networkId, policies: [addresses.ratioPolicy, addresses.flowPolicy] })
await steward.setPolicy({ networkId, policy: addresses.allOfPolicy })
// #endregion

// #region prove
const indexer = createIndexer({ client: seller, store: memoryStore(), networkId })
await indexer.sync()
const { epoch, edges } = await seller.getClosedEdges({ networkId, edges: await indexer.edges() })
const { least, flow, cut } = proveFlow(Graph.fromEdges(edges), seeds, peer)
const toJoin = { [addresses.flowPolicy]: encodeFlowWitness({ epoch, flow }) }
const toExpel = { [addresses.flowPolicy]: encodeFlowCut({ epoch, cut }) }
if (least >= 10_00n) await alice.admit({ networkId, proofs: toJoin })
const { admitted } = await seller.getAdmission({ networkId, peer })
if (admitted && least < 5_00n) await seller.expel({ networkId, peer, proofs: toExpel })
// #endregion

// #region bond
const { timestamp } = await alice.getBlock()
const lockedUntil = Number(timestamp) + 60 * 24 * 3600
await alice.fundBond({ networkId, token: currency, amount: 20_00n, lockedUntil })
await alice.claimAllowance({ networkId })
// #endregion

// #region any
// While the network is young: who has no flow yet gets in by ratio and stake.
await steward.setAllOf({ networkId, policies: [addresses.ratioPolicy, addresses.bondPolicy] })
await alice.admit({ networkId })
// #endregion

// #region gate
const gate = createGate({ client: seller, networkId, lag: 5_000 })
const question = { peer, provider: seller.account.address, currency, unsettled: 1_00n, settled: [], wanted: 1n }
console.log(`Alice may consume ${await gate.check(question)} more`)
await gate.check({ ...question, peer: seller.account.address }).catch(({ hint }) => console.log(hint))
// #endregion
