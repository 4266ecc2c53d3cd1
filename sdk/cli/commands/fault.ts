import type { Command } from 'commander'
import { stateFaults } from '../../chain/actions/stateFaults.ts'
import { command, networkOption, run } from '../command.ts'
import { type CommonOptions, connect } from '../context.ts'
import { readNetwork } from '../network.ts'
import { cost, costData } from '../output.ts'
import { parseAddress, parseNetwork } from '../parse.ts'

type FaultOptions = CommonOptions & { network: string }

/** `scrip history fault`: what a consumer takes back from a provider that failed it. */
export function faultCommand(): Command {
  return command('fault', 'take back from what a provider served to you, because it failed; there is no way back')
    .argument('<provider>', 'address')
    .argument('<total>', 'ever taken back, as `scrip history edge` writes it')
    .addOption(networkOption())
    .action(run<FaultOptions>(fault))
}

async function fault(options: FaultOptions, name = '', total = '') {
  const networkId = parseNetwork(options)
  const provider = parseAddress(name, 'provider')
  const client = await connect(options)
  const network = await readNetwork(client, networkId)
  const faulted = network.parse(total, 'total')
  const transaction = await stateFaults(client, { networkId, provider, faulted })
  return {
    lines: [
      `You take back ${network.value(faulted)} in all from what ${provider} served to you, as far as it did.`,
      cost(transaction),
    ],
    data: { networkId, consumer: client.account.address, provider, faulted, transaction: costData(transaction) },
  }
}
