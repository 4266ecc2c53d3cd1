import { Command } from 'commander'
import { formatUnits } from 'viem'
import { createCurrency } from '../../chain/actions/createCurrency.ts'
import { getCurrency } from '../../chain/actions/getCurrency.ts'
import { mint } from '../../chain/actions/mint.ts'
import { command, parseAddress, parseAmount, parseWhole, run } from '../command.ts'
import { type CommonOptions, connect } from '../context.ts'
import { amountOf, cost } from '../output.ts'

/** `scrip currency`: create, mint, show. */
export function currencyCommand(): Command {
  const group = new Command('currency').description('issue currencies')

  group.addCommand(
    command('create', 'create a currency that you issue')
      .argument('<name>')
      .argument('<symbol>')
      .option('--decimals <number>', 'at most 18', '6')
      .option('--max-supply <amount>', 'the most that may ever exist at once')
      .option('--fee-flat <amount>', 'flat fee for sending through the issuer', '0')
      .option('--fee-bps <number>', 'fee in ten-thousandths, at most 1000', '0')
      .option('--uri <uri>', 'metadata (ERC-7572)', '')
      .action(
        run<CommonOptions & { decimals: string; maxSupply?: string; feeFlat: string; feeBps: string; uri: string }>(
          async (options, name = '', symbol = '') => {
            const client = await connect(options)
            const decimals = parseWhole(options.decimals, 'decimals')
            const { currency, ...transaction } = await createCurrency(client, {
              name,
              symbol,
              decimals,
              ...(options.maxSupply && { maxSupply: parseAmount(options.maxSupply, decimals) }),
              feeFlat: parseAmount(options.feeFlat, decimals),
              feeBps: parseWhole(options.feeBps, 'fee-bps'),
              contractURI: options.uri,
            })
            return {
              lines: [`Created ${name} (${symbol}) at ${currency}.`, cost(transaction)],
              data: { currency, name, symbol, decimals, hash: transaction.hash, gas: transaction.receipt.gasUsed },
            }
          },
        ),
      ),
  )

  group.addCommand(
    command('mint', 'create units of a currency that you issue')
      .argument('<currency>')
      .argument('<to>')
      .argument('<amount>', "in the currency's own unit")
      .action(
        run(async (options, currency = '', to = '', amount = '') => {
          const client = await connect(options)
          const terms = await getCurrency(client, { currency: parseAddress(currency, 'currency') })
          const units = parseAmount(amount, terms.decimals)
          const transaction = await mint(client, { currency: terms.address, to: parseAddress(to, 'to'), amount: units })
          return {
            lines: [`Minted ${amountOf(units, terms)} for ${to}.`, cost(transaction)],
            data: { currency, to, amount: units, hash: transaction.hash, gas: transaction.receipt.gasUsed },
          }
        }),
      ),
  )

  group.addCommand(
    command('show', 'show the terms of a currency')
      .argument('<currency>')
      .action(
        run(async (options, currency = '') => {
          const client = await connect(options)
          const terms = await getCurrency(client, { currency: parseAddress(currency, 'currency') })
          return {
            lines: [
              `${terms.name} (${terms.symbol}), ${terms.decimals} decimals, issued by ${terms.issuer}`,
              `  supply ${formatUnits(terms.totalSupply, terms.decimals)} of at most ${formatUnits(terms.maxSupply, terms.decimals)}`,
              `  fee ${formatUnits(terms.feeFlat, terms.decimals)} and ${terms.feeBps / 100} % for sending through the issuer`,
            ],
            data: terms,
          }
        }),
      ),
  )
  return group
}
