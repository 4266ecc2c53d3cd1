import type { Command } from 'commander'
import { zeroAddress } from 'viem'
import { acceptIssuer } from '../../chain/actions/acceptIssuer.ts'
import { transferIssuer } from '../../chain/actions/transferIssuer.ts'
import { command, run } from '../command.ts'
import { type CommonOptions, connect } from '../context.ts'
import { cost, costData } from '../output.ts'
import { parseAddress } from '../parse.ts'

/** The two steps of `scrip currency` by which the issuer's place changes hands. */
export function issuershipCommands(): Command[] {
  return [
    command('transfer-issuer', "offer the issuer's place of your currency to somebody")
      .argument('<currency>', 'its address')
      .argument('<next>', 'address; 0x and 40 zeros take an offer back')
      .action(run(offer)),
    command('accept-issuer', "take the issuer's place that you were offered")
      .argument('<currency>', 'its address')
      .action(run(take)),
  ]
}

async function offer(options: CommonOptions, name = '', to = '') {
  const currency = parseAddress(name, 'currency')
  const next = parseAddress(to, 'next')
  const client = await connect(options)
  const transaction = await transferIssuer(client, { currency, next })
  const line =
    next === zeroAddress
      ? "The issuer's place is offered to nobody any more."
      : `The issuer's place is offered to ${next}, who takes it with \`scrip currency accept-issuer ${currency}\`.`
  return { lines: [line, cost(transaction)], data: { currency, next, transaction: costData(transaction) } }
}

async function take(options: CommonOptions, name = '') {
  const currency = parseAddress(name, 'currency')
  const client = await connect(options)
  const transaction = await acceptIssuer(client, { currency })
  const { address: issuer } = client.account
  return {
    lines: [`${issuer} issues ${currency} from now on.`, cost(transaction)],
    data: { currency, issuer, transaction: costData(transaction) },
  }
}
