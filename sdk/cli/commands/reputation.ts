import type { Command } from 'commander'
import { getAddress } from 'viem'
import { eigenTrust } from '../../reputation/eigenTrust.ts'
import { Graph } from '../../reputation/Graph.ts'
import { twoHopFlow } from '../../reputation/twoHopFlow.ts'
import { command, networkOption, run } from '../command.ts'
import { accountFor, type CommonOptions, connectReader } from '../context.ts'
import { isSame, readEdges, readNetwork } from '../network.ts'
import { parseAddress, parseNetwork } from '../parse.ts'

type ReputationOptions = CommonOptions & { network: string; account?: string; seed?: string[] }

/** `scrip reputation`: scores from a network's history. */
export function reputationCommand(): Command {
  return command('reputation', "score a network's peers from its history, as you see them")
    .addOption(networkOption())
    .option('--account <address>', 'who looks; you where nobody is named')
    .option('--seed <address...>', 'whom EigenTrust starts from; who looks where nobody is named')
    .action(run<ReputationOptions>(reputation))
}

async function reputation(options: ReputationOptions) {
  const networkId = parseNetwork(options)
  const named = options.account === undefined ? undefined : parseAddress(options.account, 'account')
  const self = accountFor(options, named, ' with --account')
  const seeds = options.seed?.map((seed) => parseAddress(seed, 'seed')) ?? [self]
  const client = await connectReader(options)
  const network = await readNetwork(client, networkId)
  const edges = await readEdges(client, networkId)
  const graph = Graph.fromEdges(edges)
  const { scores } = eigenTrust(graph, { seeds, alpha: 0.15, tolerance: 1e-6 })
  const peers = [...scores]
    .map(([peer, score]) => ({ peer: getAddress(peer), score }))
    // Nobody has a flow to itself.
    .map((scored) => (isSame(scored.peer, self) ? scored : { ...scored, flow: twoHopFlow(graph, self, scored.peer) }))
    .sort((a, b) => b.score - a.score)
  return {
    lines: [
      `Network ${networkId} as ${self} sees it: EigenTrust, and flow over at most two hops`,
      ...peers.map(
        (row) => `  ${row.peer}  ${row.score.toFixed(4)}${'flow' in row ? `  ${network.value(row.flow)}` : ''}`,
      ),
    ],
    data: { networkId, observer: self, peers },
  }
}
