import type { Command } from 'commander'
import { formatEther, type Hex, isHex, padHex, size, stringToHex } from 'viem'
import { getBalance } from 'viem/actions'
import { getCurrency } from '../../chain/actions/getCurrency.ts'
import { getDeposits } from '../../chain/actions/getDeposits.ts'
import { getHoldings } from '../../chain/actions/getHoldings.ts'
import { transferFunds } from '../../chain/actions/transferFunds.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { command, parseAddress, parseAmount, parseWhole, run } from '../command.ts'
import { type CommonOptions, connect } from '../context.ts'
import { amountOf, cost } from '../output.ts'

/** `scrip send`: pays through the issuer's service. */
export function sendCommand(): Command {
  return command('send', 'pay somebody, with a reference that the recipient sees')
    .argument('<currency>')
    .argument('<recipient>')
    .argument('<amount>', "in the currency's own unit")
    .option('--id <reference>', 'up to 32 characters, or 0x and 64 digits; random where nothing is said')
    .action(
      run<CommonOptions & { id?: string }>(async (options, currency = '', recipient = '', amount = '') => {
        const client = await connect(options)
        const terms = await getCurrency(client, { currency: parseAddress(currency, 'currency') })
        const units = parseAmount(amount, terms.decimals)
        const { fee, transactionId, ...transaction } = await transferFunds(client, {
          currency: terms.address,
          recipient: parseAddress(recipient, 'recipient'),
          amount: units,
          ...(options.id !== undefined && { transactionId: parseReference(options.id) }),
        })
        return {
          lines: [`Sent ${amountOf(units, terms)} to ${recipient}, fee ${amountOf(fee, terms)}.`, cost(transaction)],
          data: { currency, recipient, amount: units, fee, transactionId, hash: transaction.hash, gas: transaction.receipt.gasUsed },
        }
      }),
    )
}

function parseReference(id: string): Hex {
  if (isHex(id) && size(id) === 32) return id
  const bytes = stringToHex(id)
  if (size(bytes) <= 32) return padHex(bytes, { size: 32, dir: 'right' })
  throw new ScripError('INVALID_ARGUMENT', {
    detail: `The reference ${id} is longer than 32 bytes.`,
    hint: 'Give up to 32 characters, or 0x and 64 hexadecimal digits.',
    values: { id },
  })
}

/** `scrip deposits`: what arrived. */
export function depositsCommand(): Command {
  return command('deposits', 'list what was sent to you')
    .argument('<currency>')
    .option('--cursor <cursor>', 'go on where an earlier answer ended')
    .option('--wait <milliseconds>', 'wait for a deposit where none is there', '0')
    .action(
      run<CommonOptions & { cursor?: string; wait: string }>(async (options, currency = '') => {
        const client = await connect(options)
        const terms = await getCurrency(client, { currency: parseAddress(currency, 'currency') })
        const { deposits, balance, cursor } = await getDeposits(client, {
          currency: terms.address,
          ...(options.cursor !== undefined && { cursor: options.cursor }),
          wait: parseWhole(options.wait, 'wait'),
        })
        return {
          lines: [
            ...deposits.map(({ from, amount, transactionId }) => `${amountOf(amount, terms)} from ${from}, reference ${transactionId}`),
            `${deposits.length} deposits; balance ${amountOf(balance, terms)}; go on with --cursor ${cursor}`,
          ],
          data: { deposits, balance, cursor },
        }
      }),
    )
}

/** `scrip balance`: what the account has. */
export function balanceCommand(): Command {
  return command('balance', 'show what you have')
    .argument('[currency]')
    .action(
      run(async (options, currency) => {
        const client = await connect(options)
        const owner = client.account.address
        const coin = await getBalance(client, { address: owner })
        const lines = [`${owner} has ${formatEther(coin)} of the chain's coin`]
        if (currency === undefined) return { lines, data: { owner, coin } }
        const terms = await getCurrency(client, { currency: parseAddress(currency, 'currency') })
        const { wallet, withdrawable } = await getHoldings(client, { currency: terms.address })
        lines.push(`  ${amountOf(wallet, terms)} in the wallet`)
        lines.push(`  ${amountOf(withdrawable, terms)} earned through channels, ready to withdraw`)
        return { lines, data: { owner, coin, wallet, withdrawable } }
      }),
    )
}
