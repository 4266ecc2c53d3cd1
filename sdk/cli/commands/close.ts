import type { Command } from 'commander'
import { getAddress } from 'viem'
import { close, release } from '../../chain/actions/close.ts'
import { claimIn } from '../../channels/PayeeRecord.ts'
import { allPayeeRecords } from '../../channels/payeeRecords.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { command, run, storeOption } from '../command.ts'
import { type CommonOptions, connect, type StoreOptions, withStore } from '../context.ts'
import { cost, costData } from '../output.ts'
import { amountOf, readUnit } from '../units.ts'

type CloseOptions = CommonOptions & StoreOptions

/** `scrip channels close`: the payee's way to end a channel at once. */
export function closeCommand(): Command {
  return command('close', 'claim what a payer still owes you, and give the rest of its deposit back at once')
    .argument('<channel>', 'its id, as `scrip channels` lists it')
    .addOption(storeOption())
    .action(run<CloseOptions>(closeChannel))
}

async function closeChannel(options: CloseOptions, id = '') {
  const client = await connect(options)
  const records = await withStore(options, client, 'earning', allPayeeRecords)
  const record = records.find(({ channel }) => channel.id === id.toLowerCase())
  if (record === undefined) {
    throw new ScripError('UNKNOWN_CHANNEL', {
      detail: `Nobody pays you through a channel ${id}.`,
      hint: '`scrip channels` lists those that you are paid through.',
      values: { channelId: id },
    })
  }
  const { channel } = record
  const claim = claimIn(record)
  const { paid, released, ...transaction } = claim ? await close(client, { claim }) : await release(client, { channel })
  const unit = await readUnit(client, channel.token)
  const line = `Claimed ${amountOf(paid, unit)}, and gave ${amountOf(released, unit)} back to ${getAddress(channel.payer)}.`
  return {
    lines: [line, cost(transaction)],
    data: { channelId: channel.id, paid, released, transaction: costData(transaction) },
  }
}
