import { Command } from 'commander'
import { createCurrency } from '../../chain/actions/createCurrency.ts'
import { getCurrency } from '../../chain/actions/getCurrency.ts'
import { mint } from '../../chain/actions/mint.ts'
import { command, run } from '../command.ts'
import { type CommonOptions, connect, connectReader } from '../context.ts'
import { cost, costData } from '../output.ts'
import { parseAddress, parseAmount, parseFee, parseWhole } from '../parse.ts'
import { amountOf } from '../units.ts'

type CreateOptions = CommonOptions & {
  decimals: string
  maxSupply?: string
  feeFlat: string
  feeBps: string
  uri: string
}

const MOST_DECIMALS = 18
const MOST_FEE_BPS = 1_000

/** `scrip currency`: create, mint, show. */
export function currencyCommand(): Command {
  const group = new Command('currency').description('issue currencies')
  group.addCommand(
    command('create', 'create a currency that you issue')
      .argument('<name>', 'as in "Claire dollar", up to 64 bytes')
      .argument('<symbol>', 'as in CLD, up to 16 bytes')
      .option('--decimals <number>', `of its smallest unit, up to ${MOST_DECIMALS}`, '6')
      .option('--max-supply <amount>', "the most that may ever exist at once, in the currency's own unit")
      .option('--fee-flat <amount>', "what sending through the issuer costs, in the currency's own unit", '0')
      .option(
        '--fee-bps <number>',
        `what it costs on top, in ten-thousandths of the amount, up to ${MOST_FEE_BPS}`,
        '0',
      )
      .option('--uri <uri>', 'where the currency describes itself (ERC-7572)', '')
      .action(run<CreateOptions>(create)),
  )
  group.addCommand(
    command('mint', 'bring units of your currency into the world')
      .argument('<currency>', 'its address')
      .argument('<to>', 'address')
      .argument('<amount>', "in the currency's own unit, as in 12.5")
      .action(run(mintUnits)),
  )
  group.addCommand(
    command('show', 'show the terms of a currency').argument('<currency>', 'its address').action(run(show)),
  )
  return group
}

async function create(options: CreateOptions, name = '', symbol = '') {
  const decimals = parseWhole(options.decimals, 'decimals', MOST_DECIMALS)
  const terms = {
    name,
    symbol,
    decimals,
    ...(options.maxSupply !== undefined && { maxSupply: parseAmount(options.maxSupply, decimals, 'max-supply') }),
    feeFlat: parseFee(options.feeFlat, decimals, 'fee-flat'),
    feeBps: parseWhole(options.feeBps, 'fee-bps', MOST_FEE_BPS),
    contractURI: options.uri,
  }
  const client = await connect(options)
  const { currency, ...transaction } = await createCurrency(client, terms)
  return {
    lines: [`Created ${name} (${symbol}) at ${currency}`, cost(transaction)],
    data: { currency, issuer: client.account.address, ...terms, transaction: costData(transaction) },
  }
}

async function mintUnits(options: CommonOptions, currency = '', to = '', amount = '') {
  const recipient = parseAddress(to, 'to')
  const client = await connect(options)
  const terms = await getCurrency(client, { currency: parseAddress(currency, 'currency') })
  const units = parseAmount(amount, terms.decimals)
  const transaction = await mint(client, { currency: terms.address, to: recipient, amount: units })
  return {
    lines: [`Minted ${amountOf(units, terms)} for ${recipient}`, cost(transaction)],
    data: { currency: terms.address, to: recipient, amount: units, transaction: costData(transaction) },
  }
}

async function show(options: CommonOptions, currency = '') {
  const address = parseAddress(currency, 'currency')
  const client = await connectReader(options)
  const terms = await getCurrency(client, { currency: address })
  const { name, symbol, decimals, issuer, totalSupply, maxSupply, feeFlat, feeBps, contractURI } = terms
  return {
    lines: [
      `${name} (${symbol}), ${decimals} decimals, issued by ${issuer}`,
      `  ${amountOf(totalSupply, terms)} in the world, at most ${amountOf(maxSupply, terms)}`,
      `  sending through the issuer costs ${amountOf(feeFlat, terms)} and ${feeBps / 100} %`,
      ...(contractURI === '' ? [] : [`  describes itself at ${contractURI}`]),
    ],
    data: terms,
  }
}
