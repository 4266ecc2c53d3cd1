import { Command } from 'commander'
import { getAddress } from 'viem'
import { encodeFlowCut, encodeFlowWitness } from '../../chain/flowProofs.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { eigenTrust } from '../../reputation/eigenTrust.ts'
import { Graph } from '../../reputation/Graph.ts'
import { twoHopFlow } from '../../reputation/twoHopFlow.ts'
import { command, networkOption, run } from '../command.ts'
import { accountFor, type CommonOptions, connectReader } from '../context.ts'
import { flowTermsOf, proveOnChain } from '../flowProof.ts'
import { isSame, readEdges, readNetwork } from '../network.ts'
import { count } from '../output.ts'
import { parseAddress, parseNetwork } from '../parse.ts'

type ReputationOptions = CommonOptions & { network: string; account?: string; seed?: string[] }
type ProveOptions = CommonOptions & { network: string; from?: string[] }

/** `scrip reputation`: scores from a network's history. */
export function reputationCommand(): Command {
  const group = new Command('reputation').description("score a network's peers from its history")
  group.addCommand(
    command('show', 'show all, as you see them; what happens where nothing else is said')
      .addOption(networkOption())
      .option('--account <address>', 'who looks; you where nobody is named')
      .option('--seed <address...>', 'whom EigenTrust starts from; who looks where nobody is named')
      .action(run<ReputationOptions>(reputation)),
    { isDefault: true },
  )
  group.addCommand(
    command('prove', 'prove to the chain what a peer is worth in the eyes of others')
      .argument('[peer]', 'address; you where nobody is named')
      .addOption(networkOption())
      .option('--from <address...>', "in whose eyes; the seed peers of the network's flow policy where nobody is named")
      .action(run<ProveOptions>(prove)),
  )
  return group
}

async function prove(options: ProveOptions, name?: string) {
  const networkId = parseNetwork(options)
  const peer = accountFor(options, name === undefined ? undefined : parseAddress(name, 'peer'), '')
  const named = options.from?.map((source) => parseAddress(source, 'from'))
  const client = await connectReader(options)
  const network = await readNetwork(client, networkId)
  const sources = named ?? (await flowTermsOf(client, networkId))?.seeds
  if (sources === undefined) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: `Network ${networkId} has no seed peers.`,
      hint: 'Say with --from in whose eyes.',
      values: { networkId },
    })
  }
  const proof = await proveOnChain(client, networkId, sources, peer)
  const { epoch, least, flow, cut } = proof
  const witness = encodeFlowWitness(proof)
  const certificate = encodeFlowCut(proof)
  return {
    lines: [
      `${peer} is worth ${network.value(least)} to ${sources.join(', ')}`,
      `  checked by the chain: ${count(flow.length, 'edge')} of flow show no less, a cut around ${count(cut.side.length, 'peer')} no more`,
      `  as of the end of epoch ${epoch - 1}; good for as long as epoch ${epoch} lasts`,
    ],
    data: { networkId, ...proof, witness, certificate },
  }
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
