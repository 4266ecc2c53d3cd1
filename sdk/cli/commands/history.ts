import type { Command } from 'commander'
import { getTotals } from '../../chain/actions/getTotals.ts'
import { command, networkOption, run } from '../command.ts'
import { type CommonOptions, connectReader } from '../context.ts'
import { isSame, readEdges, readNetwork } from '../network.ts'
import { parseAddress, parseNetwork } from '../parse.ts'

type HistoryOptions = CommonOptions & { network: string }

/** `scrip history`: who served whom. */
export function historyCommand(): Command {
  return command('history', 'show who served whom in a network, as settled on chain')
    .argument('[peer]', 'address: only this peer, and its totals')
    .addOption(networkOption())
    .action(run<HistoryOptions>(history))
}

async function history(options: HistoryOptions, name?: string) {
  const networkId = parseNetwork(options)
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
