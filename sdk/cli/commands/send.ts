import type { Command } from 'commander'
import { type Hex, isHex, padHex, size, stringToHex } from 'viem'
import { getCurrency } from '../../chain/actions/getCurrency.ts'
import { transferFunds } from '../../chain/actions/transferFunds.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { command, run } from '../command.ts'
import { type CommonOptions, connect } from '../context.ts'
import { cost, costData } from '../output.ts'
import { parseAddress, parseAmount } from '../parse.ts'
import { amountOf, inUnit } from '../units.ts'

type SendOptions = CommonOptions & { id?: string }

/** `scrip send`: pays through the issuer's service. */
export function sendCommand(): Command {
  return command('send', 'pay somebody, with a reference that the recipient sees')
    .argument('<currency>', 'its address')
    .argument('<recipient>', 'address')
    .argument('<amount>', "in the currency's own unit, as in 12.5")
    .option('--id <reference>', 'up to 32 bytes of text, or 0x and 64 digits; random where nothing is said')
    .action(run<SendOptions>(send))
}

async function send(options: SendOptions, currency = '', to = '', amount = '') {
  const recipient = parseAddress(to, 'recipient')
  const id = options.id === undefined ? undefined : parseReference(options.id)
  const client = await connect(options)
  const terms = await getCurrency(client, { currency: parseAddress(currency, 'currency') })
  const units = parseAmount(amount, terms.decimals)
  const { fee, transactionId, ...transaction } = await inUnit(terms, () =>
    transferFunds(client, {
      currency: terms.address,
      recipient,
      amount: units,
      ...(id !== undefined && { transactionId: id }),
    }),
  )
  return {
    lines: [
      `Sent ${amountOf(units, terms)} to ${recipient}; the issuer's fee was ${amountOf(fee, terms)}.`,
      cost(transaction),
    ],
    data: { currency: terms.address, recipient, amount: units, fee, transactionId, transaction: costData(transaction) },
  }
}

/** @throws `INVALID_ARGUMENT` */
export function parseReference(id: string): Hex {
  if (isHex(id) && size(id) === 32) return id
  const bytes = stringToHex(id)
  if (size(bytes) <= 32) return padHex(bytes, { size: 32, dir: 'right' })
  throw new ScripError('INVALID_ARGUMENT', {
    detail: `The reference is longer than 32 bytes: ${id}.`,
    hint: 'Give up to 32 bytes of text, or 0x and 64 hexadecimal digits.',
    values: { id },
  })
}
