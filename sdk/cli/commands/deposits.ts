import type { Command } from 'commander'
import { type Hex, hexToBytes } from 'viem'
import { getCurrency } from '../../chain/actions/getCurrency.ts'
import { getDeposits } from '../../chain/actions/getDeposits.ts'
import { command, run } from '../command.ts'
import { accountFor, type CommonOptions, connectReader } from '../context.ts'
import { count } from '../output.ts'
import { parseAddress, parseWhole } from '../parse.ts'
import { amountOf } from '../units.ts'

type DepositsOptions = CommonOptions & { account?: string; cursor?: string; wait: string }

/** `scrip deposits`: what arrived. */
export function depositsCommand(): Command {
  return command('deposits', 'list what was sent to you')
    .argument('<currency>', 'its address')
    .option('--account <address>', 'whose; yours where nobody is named')
    .option('--cursor <cursor>', 'go on where an earlier answer ended')
    .option('--wait <seconds>', 'wait for a deposit where none is there', '0')
    .action(run<DepositsOptions>(deposits))
}

async function deposits(options: DepositsOptions, currency = '') {
  const wait = parseWhole(options.wait, 'wait', 86_400)
  const named = options.account === undefined ? undefined : parseAddress(options.account, 'account')
  const recipient = accountFor(options, named, ' with --account')
  const client = await connectReader(options)
  const terms = await getCurrency(client, { currency: parseAddress(currency, 'currency') })
  const answer = await getDeposits(client, {
    currency: terms.address,
    recipient,
    ...(options.cursor !== undefined && { cursor: options.cursor }),
    wait: wait * 1_000,
  })
  return {
    lines: [
      ...answer.deposits.map(
        ({ from, amount, transactionId }) =>
          `${amountOf(amount, terms)} from ${from}, reference ${readable(transactionId)}`,
      ),
      `${count(answer.deposits.length, 'deposit')}; ${amountOf(answer.balance, terms)} in the wallet; go on with --cursor ${answer.cursor}`,
    ],
    data: { recipient, ...answer },
  }
}

/** A reference as the text that it was made of, where it is one. */
export function readable(transactionId: Hex): string {
  const text = new TextDecoder().decode(hexToBytes(transactionId)).replace(/\0+$/, '')
  return /^[\p{L}\p{N}\p{P}\p{S} ]+$/u.test(text) && !text.includes('\ufffd') ? `“${text}”` : transactionId
}
