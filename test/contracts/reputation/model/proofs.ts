import { type Graph, type GraphEdge, proveFlow } from '@scrip/sdk/reputation'
import { at, numberOf, PEERS, peer } from '../../../sdk/reputation/support/oracle.ts'
import type { Random } from '../../channels/model/random.ts'
import type { Certificate, Community, Question, Witness } from './model.ts'

/** Edges among a few peers, of small amounts, so that paths get into each other's way. */
export function someCommunity(random: Random): GraphEdge[] {
  const edges: GraphEdge[] = []
  const density = 0.2 + 0.4 * random.fraction()
  for (let from = 0; from < PEERS; from++) {
    for (let to = 0; to < PEERS; to++) {
      if (from !== to && random.chance(density)) edges.push([peer(from), peer(to), BigInt(random.between(1, 20))])
    }
  }
  return edges
}

/** A question about a community that exists. */
export function someQuestion(random: Random, communities: ReadonlyMap<bigint, Community>): Question {
  const [networkId, { epoch }] = random.pick([...communities])
  const target = random.between(0, PEERS - 1)
  const others = Array.from({ length: PEERS }, (_, number) => number).filter((number) => number !== target)
  const sources = others.filter(() => random.chance(0.25))
  if (sources.length === 0) sources.push(random.pick(others))
  return { networkId, epoch, sources: sources.map(peer), target: peer(target) }
}

/** A flow as the SDK proves it, found within a budget. */
export function someWitness(random: Random, graphs: ReadonlyMap<bigint, Graph>, question: Question): Witness {
  const graph = graphs.get(question.networkId) as Graph
  const options = random.chance(0.3) ? { budget: random.between(0, 40) } : {}
  const { flow } = proveFlow(graph, question.sources, question.target, options)
  return { kind: 'witness', ...question, sources: [...question.sources], edges: [...flow] }
}

/** The least cut as the SDK proves it, or any other cut with some of its internal edges. */
export function someCertificate(
  random: Random,
  communities: ReadonlyMap<bigint, Community>,
  graphs: ReadonlyMap<bigint, Graph>,
  question: Question,
): Certificate {
  const { networkId, sources, target } = question
  if (random.chance(0.5)) {
    const { cut } = proveFlow(graphs.get(networkId) as Graph, sources, target)
    const lists = { side: [...cut.side], sourceSide: cut.sourceSide, edges: [...cut.internalEdges] }
    return { kind: 'certificate', ...question, sources: [...sources], ...lists }
  }
  const sourceSide = random.chance(0.5)
  const [ends, others] = sourceSide ? [sources, [target]] : [[target], sources]
  const side = Array.from({ length: PEERS }, (_, number) => peer(number)).filter(
    (address) => ends.includes(address) || (!others.includes(address) && random.chance(0.4)),
  )
  const { amounts } = communities.get(networkId) as Community
  const edges = side.flatMap((from) =>
    side.flatMap((to) => {
      const amount = at(amounts, numberOf(from), numberOf(to))
      return amount > 0n && random.chance(0.8) ? [{ from, to, amount }] : []
    }),
  )
  return { kind: 'certificate', ...question, sources: [...sources], side, sourceSide, edges }
}
