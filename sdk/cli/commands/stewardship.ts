import type { Command } from 'commander'
import { zeroAddress } from 'viem'
import { acceptSteward } from '../../chain/actions/acceptSteward.ts'
import { retireToken } from '../../chain/actions/retireToken.ts'
import { transferSteward } from '../../chain/actions/transferSteward.ts'
import { command, networkOption, run } from '../command.ts'
import { type CommonOptions, connect } from '../context.ts'
import { readNetwork } from '../network.ts'
import { cost, costData } from '../output.ts'
import { parseAddress, parseNetwork } from '../parse.ts'

type StewardOptions = CommonOptions & { network: string }

/** What the steward of a network does later in `scrip network`: let a currency count no more, and hand its place over. */
export function stewardshipCommands(): Command[] {
  return [
    command('transfer-steward', "offer the steward's place of your network to somebody")
      .argument('<next>', 'address; 0x and 40 zeros take an offer back')
      .addOption(networkOption())
      .action(run<StewardOptions>(offer)),
    command('accept-steward', "take the steward's place that you were offered")
      .addOption(networkOption())
      .action(run<StewardOptions>(take)),
    command('retire', 'let a currency count nothing more in your network; what is not synced yet is lost')
      .argument('<currency>', 'its address')
      .addOption(networkOption())
      .action(run<StewardOptions>(retire)),
  ]
}

async function offer(options: StewardOptions, to = '') {
  const networkId = parseNetwork(options)
  const next = parseAddress(to, 'next')
  const client = await connect(options)
  await readNetwork(client, networkId)
  const transaction = await transferSteward(client, { networkId, next })
  const line =
    next === zeroAddress
      ? "The steward's place is offered to nobody any more."
      : `The steward's place is offered to ${next}, who takes it with \`scrip network accept-steward --network ${networkId}\`.`
  return { lines: [line, cost(transaction)], data: { networkId, next, transaction: costData(transaction) } }
}

async function take(options: StewardOptions) {
  const networkId = parseNetwork(options)
  const client = await connect(options)
  await readNetwork(client, networkId)
  const transaction = await acceptSteward(client, { networkId })
  const { address: steward } = client.account
  return {
    lines: [`${steward} is the steward of network ${networkId} from now on.`, cost(transaction)],
    data: { networkId, steward, transaction: costData(transaction) },
  }
}

async function retire(options: StewardOptions, name = '') {
  const networkId = parseNetwork(options)
  const currency = parseAddress(name, 'currency')
  const client = await connect(options)
  await readNetwork(client, networkId)
  const transaction = await retireToken(client, { networkId, currency })
  return {
    lines: [`${currency} counts nothing more in network ${networkId}.`, cost(transaction)],
    data: { networkId, currency, transaction: costData(transaction) },
  }
}
