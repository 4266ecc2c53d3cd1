import { Command } from 'commander'
import type { Address } from 'viem'
import { admit } from '../../chain/actions/admit.ts'
import { expel } from '../../chain/actions/expel.ts'
import { getAdmission } from '../../chain/actions/getAdmission.ts'
import { getTotals } from '../../chain/actions/getTotals.ts'
import { createIndexer } from '../../chain/indexer.ts'
import { Graph } from '../../reputation/Graph.ts'
import { eigenTrust } from '../../reputation/eigenTrust.ts'
import { twoHopFlow } from '../../reputation/twoHopFlow.ts'
import { memoryStore } from '../../store/memoryStore.ts'
import { command, parseAddress, parseWhole, run } from '../command.ts'
import { type AccountClient, type CommonOptions, connect } from '../context.ts'
import { cost } from '../output.ts'

type NetworkOptions = CommonOptions & { network: string }

const networkIdOf = (options: NetworkOptions) => BigInt(parseWhole(options.network, 'network'))
const peerOf = (client: AccountClient, peer: string | undefined): Address =>
  peer === undefined ? client.account.address : parseAddress(peer, 'peer')

/** `scrip history`: who served whom. */
export function historyCommand(): Command {
  return command('history', 'show what was settled in a network')
    .argument('[peer]', 'only this peer')
    .requiredOption('--network <id>', 'the network')
    .action(
      run<NetworkOptions>(async (options, peer) => {
        const client = await connect(options)
        const networkId = networkIdOf(options)
        const edges = await readEdges(client, networkId)
        const of = peer === undefined ? undefined : peerOf(client, peer).toLowerCase()
        const shown = edges.filter(([consumer, provider]) => of === undefined || [consumer, provider].some((one) => one.toLowerCase() === of))
        const lines = shown.map(([consumer, provider, served]) => `${provider} served ${served} to ${consumer}`)
        if (of !== undefined) {
          const { provided, consumed } = await getTotals(client, { networkId, peer: of as Address })
          lines.push(`${of} provided ${provided} and consumed ${consumed} in all`)
        }
        return {
          lines: lines.length > 0 ? lines : [`Nothing was settled in network ${networkId} yet.`],
          data: { edges: shown.map(([consumer, provider, served]) => ({ consumer, provider, served })) },
        }
      }),
    )
}

/** `scrip reputation`: scores from a network's history. */
export function reputationCommand(): Command {
  return command('reputation', "score a network's peers from its history, as you see them")
    .requiredOption('--network <id>', 'the network')
    .option('--seed <peer...>', 'whom EigenTrust starts from; you where nobody is named')
    .action(
      run<NetworkOptions & { seed?: string[] }>(async (options) => {
        const client = await connect(options)
        const self = client.account.address
        const graph = Graph.fromEdges(await readEdges(client, networkIdOf(options)))
        const seeds = options.seed?.map((seed) => parseAddress(seed, 'seed')) ?? [self]
        const { scores } = eigenTrust(graph, { seeds, alpha: 0.15, tolerance: 1e-6 })
        const ranked = [...scores]
          .map(([peer, score]) => ({ peer, score, flow: twoHopFlow(graph, self, peer) }))
          .sort((a, b) => b.score - a.score)
        return {
          lines: ranked.map(({ peer, score, flow }) => `${peer}  EigenTrust ${score.toFixed(6)}  two-hop flow ${flow}`),
          data: { peers: ranked },
        }
      }),
    )
}

/** `scrip admission`: how one stands with a network. */
export function admissionCommand(): Command {
  const group = new Command('admission').description("see and change a network's admissions")
  group.addCommand(
    command('show', 'show how a peer stands')
      .argument('[peer]', 'you where nobody is named')
      .requiredOption('--network <id>', 'the network')
      .action(
        run<NetworkOptions>(async (options, peer) => {
          const client = await connect(options)
          const standing = await getAdmission(client, { networkId: networkIdOf(options), peer: peerOf(client, peer) })
          const until = new Date(standing.validUntil * 1_000).toISOString()
          return {
            lines: [
              standing.admitted ? `Admitted until ${until}.` : `Not admitted; ${standing.eligible ? 'eligible' : 'not eligible'} now.`,
              ...(standing.ratio
                ? [`  may consume ${standing.ratio.headroom} more; lacks ${standing.ratio.shortfall} provided`]
                : []),
            ],
            data: standing,
          }
        }),
      ),
  )
  group.addCommand(
    command('join', 'have yourself, or another eligible peer, admitted')
      .argument('[peer]', 'you where nobody is named')
      .requiredOption('--network <id>', 'the network')
      .action(
        run<NetworkOptions>(async (options, peer) => {
          const client = await connect(options)
          const { validUntil, ...transaction } = await admit(client, { networkId: networkIdOf(options), peer: peerOf(client, peer) })
          return {
            lines: [`Admitted until ${new Date(validUntil * 1_000).toISOString()}.`, cost(transaction)],
            data: { validUntil, hash: transaction.hash, gas: transaction.receipt.gasUsed },
          }
        }),
      ),
  )
  group.addCommand(
    command('expel', 'end the admission of a peer that is no longer eligible')
      .argument('<peer>')
      .requiredOption('--network <id>', 'the network')
      .action(
        run<NetworkOptions>(async (options, peer) => {
          const client = await connect(options)
          const transaction = await expel(client, { networkId: networkIdOf(options), peer: peerOf(client, peer) })
          return { lines: [`Expelled ${peer}.`, cost(transaction)], data: { hash: transaction.hash, gas: transaction.receipt.gasUsed } }
        }),
      ),
  )
  return group
}

async function readEdges(client: AccountClient, networkId: bigint) {
  const indexer = createIndexer({ client, store: memoryStore(), networkId })
  await indexer.sync()
  return indexer.edges()
}
