import type { Command } from 'commander'
import { formatEther } from 'viem'
import { getBalance } from 'viem/actions'
import { getCurrency } from '../../chain/actions/getCurrency.ts'
import { getHoldings } from '../../chain/actions/getHoldings.ts'
import { guarded } from '../../chain/transact.ts'
import { command, run } from '../command.ts'
import { accountFor, type CommonOptions, connectReader } from '../context.ts'
import { parseAddress } from '../parse.ts'
import { amountOf } from '../units.ts'

type BalanceOptions = CommonOptions & { account?: string }

/** `scrip balance`: what an account has. */
export function balanceCommand(): Command {
  return command('balance', 'show what you have')
    .argument('[currency]', "its address; only the chain's coin where nothing is said")
    .option('--account <address>', 'whose; yours where nobody is named')
    .action(run<BalanceOptions>(balance))
}

async function balance(options: BalanceOptions, currency?: string) {
  const named = options.account === undefined ? undefined : parseAddress(options.account, 'account')
  const owner = accountFor(options, named, ' with --account')
  const client = await connectReader(options)
  const coin = await guarded([], () => getBalance(client, { address: owner }))
  const lines = [`${owner} has ${formatEther(coin)} of the chain's coin`]
  if (currency === undefined) return { lines, data: { owner, coin } }
  const terms = await getCurrency(client, { currency: parseAddress(currency, 'currency') })
  const { wallet, withdrawable } = await getHoldings(client, { currency: terms.address, owner })
  lines.push(`  ${amountOf(wallet, terms)} in the wallet`)
  lines.push(`  ${amountOf(withdrawable, terms)} claimed from channels, ready to withdraw`)
  const { address, decimals, symbol } = terms
  return { lines, data: { owner, coin, currency: { address, decimals, symbol }, wallet, withdrawable } }
}
