// Reputation from a history: flows, trust, reciprocity, strangers, admission, issuers. It needs no chain.
// #region graph
import { Graph, type GraphEdge } from '@scrip/sdk/reputation'

const peer = (number: number) => `0x${number.toString(16).padStart(40, '0')}` as const
const [me, bob, carol, dave, puppet] = [peer(1), peer(2), peer(3), peer(4), peer(5)]

// Who was served by whom, and how much, in the network's unit of value.
const history: GraphEdge[] = [
  [me, bob, 300n],
  [bob, carol, 200n],
  [carol, me, 50n],
  [dave, carol, 80n],
  [puppet, dave, 1_000_000n],
]
const graph = Graph.fromEdges(history)
graph.add(bob, carol, 20n) // one more receipt
graph.set(me, bob, 320n) // the total that an event EdgeUpdated states

// #endregion

// #region flow
import { maxFlow, twoHopFlow } from '@scrip/sdk/reputation'

console.log(twoHopFlow(graph, me, carol)) // 220n: Bob vouches for Carol
console.log(twoHopFlow(graph, me, dave)) // 0n, whatever the sock puppet says
const { value, exact, flow, cut } = maxFlow(graph, me, carol, { budget: 1_000_000 })
console.log(`${value}${exact ? '' : ` to ${cut.capacity}`} over ${flow.length} edges`)
const bySeeds = maxFlow(graph, [me, bob], carol)

// #endregion

// #region trust
import { eigenTrust, TrustScores } from '@scrip/sdk/reputation'

const { scores } = eigenTrust(graph, { seeds: [me] })
console.log(scores.get(carol))

const trust = new TrustScores(graph, { seeds: [me] })
graph.add(carol, bob, 10n)
trust.refresh() // from the last scores: a few rounds
console.log(trust.score(bob))

// #endregion

// #region reciprocity
import { newStrangerRecord, reciprocity, recordStranger, strangerRatio } from '@scrip/sdk/reputation'

let strangers = newStrangerRecord
const serve = (client: `0x${string}`) => {
  const { ratio } = reciprocity(graph, me, client)
  const isServed = Math.random() < (ratio ?? strangerRatio(strangers))
  if (isServed && ratio === undefined) strangers = recordStranger(strangers, 'consumed')
  return isServed
}
console.log(serve(carol), serve(peer(99)))

// #endregion

// #region admission
import { deservesAdmission, serviceAndUsage } from '@scrip/sdk/reputation'

const { service, usage } = serviceAndUsage(graph, { seeds: [me] })
const standing = { service: service.get(carol) ?? 0, usage: usage.get(carol) ?? 0 }
const terms = { admitAt: 0.8, keepAt: 0.6, allowance: 0.001, floor: 0.0001 }
console.log(deservesAdmission(standing, terms, false))

// #endregion

// #region issuer
import { debtsByPayer, rateIssuer } from '@scrip/sdk/reputation'

const record = { minted: 10_000n, redeemed: 4_000n, defaulted: 100n, disputed: 0n, lapsed: 50n }
const debts = debtsByPayer([{ channelId: '0x01', payer: bob, owed: 30n, claimed: 70n }])
const { score, outstanding } = rateIssuer(record, { bounced: debts.get(bob) ?? 0n })
console.log(`${score.toFixed(2)}, ${outstanding} open; by the seeds ${bySeeds.value}`)
// #endregion
