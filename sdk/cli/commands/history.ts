import { type Command, Option } from 'commander'
import { getEdge } from '../../chain/actions/getEdge.ts'
import { getReceipt } from '../../chain/actions/getReceipt.ts'
import { getTotals } from '../../chain/actions/getTotals.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { command, networkOption, run } from '../command.ts'
import { type CommonOptions, connectReader } from '../context.ts'
import { isSame, readEdges, readNetwork } from '../network.ts'
import { count } from '../output.ts'
import { parseAddress, parseNetwork } from '../parse.ts'
import { faultCommand } from './fault.ts'
import { receiptCommands } from './receipt.ts'

type HistoryOptions = CommonOptions & { network?: string }
type EdgeOptions = CommonOptions & { network: string }

/** `scrip history`: who served whom, and what peers state of each other. */
export function historyCommand(): Command {
  const group = command('history', 'show who served whom in a network, as settled on chain')
    .argument('[peer]', 'address: only this peer, and its totals')
    // The commands below have their own: here it cannot be mandatory for them, too.
    .addOption(new Option('--network <id>', 'the network, by its number'))
    .enablePositionalOptions()
    .action(run<HistoryOptions>(history))
    .addCommand(
      command('edge', 'show all that is known between two peers')
        .argument('<consumer>', 'address')
        .argument('<provider>', 'address')
        .addOption(networkOption())
        .action(run<EdgeOptions>(edge)),
    )
  for (const one of [...receiptCommands(), faultCommand()]) group.addCommand(one)
  return group
}

async function history({ network: named, ...options }: HistoryOptions, name?: string) {
  if (named === undefined) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: "Required option '--network <id>' not specified.",
      hint: '`scrip history --help` shows what it takes.',
    })
  }
  const networkId = parseNetwork({ network: named })
  const peer = name === undefined ? undefined : parseAddress(name, 'peer')
  const client = await connectReader(options)
  const network = await readNetwork(client, networkId)
  const edges = (await readEdges(client, networkId))
    .filter(([consumer, provider]) => peer === undefined || isSame(consumer, peer) || isSame(provider, peer))
    .map(([consumer, provider, served]) => ({ consumer, provider, served }))
  const lines = edges.map(
    ({ consumer, provider, served }) => `${provider} served ${network.value(served)} to ${consumer}`,
  )
  if (lines.length === 0) lines.push(`Nothing was settled in network ${networkId} yet.`)
  if (peer === undefined) return { lines, data: { networkId, edges } }
  const { provided, consumed } = await getTotals(client, { networkId, peer })
  lines.push(`${peer} provided ${network.value(provided)} and consumed ${network.value(consumed)} in all`)
  return { lines, data: { networkId, edges, peer, provided, consumed } }
}

async function edge(options: EdgeOptions, from = '', to = '') {
  const networkId = parseNetwork(options)
  const [consumer, provider] = [parseAddress(from, 'consumer'), parseAddress(to, 'provider')]
  const client = await connectReader(options)
  const network = await readNetwork(client, networkId)
  const pair = { networkId, consumer, provider }
  const [settled, stated] = await Promise.all([getEdge(client, pair), getReceipt(client, pair)])
  return {
    lines: [
      `${provider} served ${network.value(settled.served)} to ${consumer}, as settled on chain`,
      `  ${network.value(settled.servedLastEpoch)} of it when the last epoch closed`,
      `  ${network.value(settled.faulted)} of it taken back by the consumer`,
      `  besides, both state ${network.value(stated.served)}, served ${count(stated.count, 'time')}`,
    ],
    data: { ...pair, ...settled, stated: { served: stated.served, count: stated.count } },
  }
}
