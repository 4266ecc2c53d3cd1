import type { Command } from 'commander'
import { type Address, getAddress } from 'viem'
import { getChannelState } from '../../chain/actions/getChannelState.ts'
import { type Channel, paidTotal } from '../../channels/Channel.ts'
import type { PayeeRecord } from '../../channels/PayeeRecord.ts'
import { allPayeeRecords } from '../../channels/payeeRecords.ts'
import { command, run, storeOption } from '../command.ts'
import { type AccountClient, type CommonOptions, connect, type StoreOptions, withStore } from '../context.ts'
import { time } from '../output.ts'
import { type PayingChannel, payingChannels } from '../payingChannels.ts'
import { amountOf, unitReader } from '../units.ts'
import { closeCommand } from './close.ts'
import { exitCommand } from './exit.ts'

type ChannelsOptions = CommonOptions & StoreOptions

/** A channel as the store and the chain together know it. Amounts in base units. */
type ChannelView = {
  channelId: string
  currency: Address
  /** The other end. */
  peer: Address
  /** Paid off chain, ever. */
  paid: bigint
  /** Of that settled on chain. */
  claimed: bigint
  deposit: bigint
  /** Unix seconds; 0 where no exit is requested. */
  exitAt: number
}

/** `scrip channels`: one's channels; `exit` and `close`: the payer's and the payee's way out of one. */
export function channelsCommand(): Command {
  return command('channels', 'list the channels that you pay and are paid through')
    .addOption(storeOption())
    .enablePositionalOptions()
    .action(run<ChannelsOptions>(list))
    .addCommand(exitCommand())
    .addCommand(closeCommand())
}

async function list(options: ChannelsOptions) {
  const client = await connect(options)
  const unitOf = unitReader(client)
  const [paying, earning] = await Promise.all([
    payingChannels(options, client).then((channels) => views(client, channels, 'payee')),
    withStore(options, client, 'earning', allPayeeRecords).then((records) => views(client, records, 'payer')),
  ])
  const line = async (word: string, { peer, paid, claimed, deposit, exitAt, channelId, currency }: ChannelView) => {
    const unit = await unitOf(currency)
    const exit = exitAt === 0 ? '' : `; exit from ${time(exitAt)}`
    return [
      `${word} ${peer}: ${amountOf(paid, unit)} paid, ${amountOf(claimed, unit)} of it claimed; ${amountOf(deposit, unit)} on deposit${exit}`,
      `  channel ${channelId}`,
    ]
  }
  const lines = await Promise.all([
    ...paying.map((view) => line('To', view)),
    ...earning.map((view) => line('From', view)),
  ])
  return { lines: lines.length > 0 ? lines.flat() : ['No channels yet.'], data: { paying, earning } }
}

/** The channels that the chain knows: a store may be older than a local chain. */
async function views(
  client: AccountClient,
  records: (PayingChannel | PayeeRecord)[],
  end: 'payer' | 'payee',
): Promise<ChannelView[]> {
  const views = records.map(async ({ channel, voucher, tick }) => {
    const { opened, claimed, deposit, exitAt } = await getChannelState(client, { channelId: channel.id })
    const known = voucher === undefined ? 0n : paidTotal(voucher, tick?.count ?? 0)
    // Where the store was lost, what was claimed was paid at least.
    const paid = known > claimed ? known : claimed
    return opened ? [{ ...ends(channel, end), paid, claimed, deposit, exitAt }] : []
  })
  return (await Promise.all(views)).flat()
}

function ends(channel: Channel, end: 'payer' | 'payee') {
  return { channelId: channel.id, currency: getAddress(channel.token), peer: getAddress(channel[end]) }
}
