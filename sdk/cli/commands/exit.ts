import type { Command } from 'commander'
import { cancelExit } from '../../chain/actions/cancelExit.ts'
import { exit } from '../../chain/actions/exit.ts'
import { getChannelState } from '../../chain/actions/getChannelState.ts'
import { getHoldings } from '../../chain/actions/getHoldings.ts'
import { requestExit } from '../../chain/actions/requestExit.ts'
import { withdraw } from '../../chain/actions/withdraw.ts'
import type { Channel } from '../../channels/Channel.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { command, run, storeOption } from '../command.ts'
import { type AccountClient, type CommonOptions, connect, type StoreOptions } from '../context.ts'
import { cost, costData, time } from '../output.ts'
import { payingChannels } from '../payingChannels.ts'
import { amountOf, readUnit } from '../units.ts'

type ExitOptions = CommonOptions & StoreOptions & { cancel?: boolean }

/** `scrip channels exit`: takes back what a channel has not spent. */
export function exitCommand(): Command {
  return command('exit', 'ask for what a channel has not spent; once more after the delay, take it back to the wallet')
    .argument('<channel>', 'its id, as `scrip channels` lists it')
    .addOption(storeOption())
    .option('--cancel', 'stay: take the request back')
    .action(run<ExitOptions>(leave))
}

async function leave(options: ExitOptions, id = '') {
  const client = await connect(options)
  const channel = await findChannel(options, client, id)
  if (options.cancel) return stay(client, channel)
  const { exitAt } = await getChannelState(client, { channelId: channel.id })
  return exitAt === 0 ? request(client, channel) : takeBack(client, channel)
}

async function request(client: AccountClient, channel: Channel) {
  const { exitAt, ...transaction } = await requestExit(client, { channel })
  const line = `The exit is requested. Run the same again from ${time(exitAt)} on, to take the deposit back.`
  return {
    lines: [line, cost(transaction)],
    data: { channelId: channel.id, exitAt, transaction: costData(transaction) },
  }
}

async function stay(client: AccountClient, channel: Channel) {
  const transaction = await cancelExit(client, { channel })
  const lines = ['The channel goes on.', cost(transaction)]
  return { lines, data: { channelId: channel.id, transaction: costData(transaction) } }
}

async function takeBack(client: AccountClient, channel: Channel) {
  const unit = await readUnit(client, channel.token)
  const exited = await exit(client, { channel })
  const { withdrawable: amount } = await getHoldings(client, { currency: channel.token })
  const lines = ['The channel is left.', cost(exited)]
  const transactions = [costData(exited)]
  if (amount > 0n) {
    const withdrawn = await withdraw(client, { currency: channel.token, amount })
    lines.push(`Sent ${amountOf(amount, unit)} to your wallet ${client.account.address}.`, cost(withdrawn))
    transactions.push(costData(withdrawn))
  }
  return { lines, data: { channelId: channel.id, amount, transactions } }
}

/** @throws `UNKNOWN_CHANNEL` */
async function findChannel(options: ExitOptions, client: AccountClient, id: string): Promise<Channel> {
  const channels = await payingChannels(options, client)
  const channel = channels.map((paying) => paying.channel).find((one) => one.id === id.toLowerCase())
  if (channel !== undefined) return channel
  throw new ScripError('UNKNOWN_CHANNEL', {
    detail: `You pay through no channel ${id}.`,
    hint: '`scrip channels` lists those that you pay through.',
    values: { channelId: id },
  })
}
