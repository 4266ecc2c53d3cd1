import { Command } from 'commander'
import { createCurrency } from '../../chain/actions/createCurrency.ts'
import { getCurrency } from '../../chain/actions/getCurrency.ts'
import { getRecord } from '../../chain/actions/getRecord.ts'
import { listCurrencies } from '../../chain/actions/listCurrencies.ts'
import { command, run } from '../command.ts'
import { type CommonOptions, connect, connectReader } from '../context.ts'
import { firstBlock } from '../firstBlock.ts'
import { cost, costData, count, duration } from '../output.ts'
import { parseAddress, parseAmount, parseFee, parseWhole } from '../parse.ts'
import { amountOf } from '../units.ts'
import { issuershipCommands } from './issuership.ts'
import { mintCommand } from './mint.ts'
import { redemptionCommands } from './redemption.ts'

type CreateOptions = CommonOptions & {
  decimals: string
  maxSupply?: string
  feeFlat: string
  feeBps: string
  redemptionWindow: string
  uri: string
}
type ListOptions = CommonOptions & { issuer?: string }

const MOST_DECIMALS = 18
const MOST_FEE_BPS = 1_000
const MOST_WINDOW = 2 ** 32 - 1
const WEEK = 7 * 24 * 3600

/** `scrip currency`: what an issuer does, and what holders ask of it. */
export function currencyCommand(): Command {
  const group = new Command('currency').description('issue currencies, and redeem them')
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
      .option(
        '--redemption-window <seconds>',
        'in which each step of a redemption must be taken; 0 offers none',
        `${WEEK}`,
      )
      .option('--uri <uri>', 'where the currency describes itself (ERC-7572)', '')
      .action(run<CreateOptions>(create)),
  )
  group.addCommand(mintCommand())
  group.addCommand(
    command('show', 'show the terms of a currency').argument('<currency>', 'its address').action(run(show)),
  )
  group.addCommand(
    command('record', 'show what became of the promises').argument('<currency>', 'its address').action(run(record)),
  )
  group.addCommand(
    command('list', 'list the currencies that were created')
      .option('--issuer <address>', 'by whom; by everybody where nobody is named')
      .action(run<ListOptions>(list)),
  )
  for (const one of [...redemptionCommands(), ...issuershipCommands()]) group.addCommand(one)
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
    redemptionWindow: parseWhole(options.redemptionWindow, 'redemption-window', MOST_WINDOW),
    contractURI: options.uri,
  }
  const client = await connect(options)
  const { currency, ...transaction } = await createCurrency(client, terms)
  return {
    lines: [`Created ${name} (${symbol}) at ${currency}`, cost(transaction)],
    data: { currency, issuer: client.account.address, ...terms, transaction: costData(transaction) },
  }
}

async function show(options: CommonOptions, currency = '') {
  const address = parseAddress(currency, 'currency')
  const client = await connectReader(options)
  const terms = await getCurrency(client, { currency: address })
  const { name, symbol, decimals, issuer, totalSupply, maxSupply, feeFlat, feeBps, redemptionWindow, contractURI } =
    terms
  return {
    lines: [
      `${name} (${symbol}), ${decimals} decimals, issued by ${issuer}`,
      `  ${amountOf(totalSupply, terms)} in the world, at most ${amountOf(maxSupply, terms)}`,
      `  sending through the issuer costs ${amountOf(feeFlat, terms)} and ${feeBps / 100} %`,
      redemptionWindow === 0
        ? '  cannot be redeemed'
        : `  can be redeemed; each step has to be taken within ${duration(redemptionWindow)}`,
      ...(contractURI === '' ? [] : [`  describes itself at ${contractURI}`]),
    ],
    data: terms,
  }
}

async function record(options: CommonOptions, currency = '') {
  const address = parseAddress(currency, 'currency')
  const client = await connectReader(options)
  const [terms, sums] = await Promise.all([
    getCurrency(client, { currency: address }),
    getRecord(client, { currency: address }),
  ])
  const { name, symbol, issuer, totalSupply } = terms
  const of = (amount: bigint) => amountOf(amount, terms)
  return {
    lines: [
      `${name} (${symbol}), issued by ${issuer}`,
      `  minted     ${of(sums.minted)}, of which ${of(totalSupply)} are in the world`,
      `  redeemed   ${of(sums.redeemed)}, with the holder's word or silence`,
      `  disputed   ${of(sums.disputed)}, fulfilled as the issuer says, and not as the holder says`,
      `  defaulted  ${of(sums.defaulted)}, accepted and not fulfilled in time`,
      `  lapsed     ${of(sums.lapsed)}, never accepted`,
    ],
    data: { currency: address, issuer, totalSupply, ...sums },
  }
}

async function list(options: ListOptions) {
  const issuer = options.issuer === undefined ? undefined : parseAddress(options.issuer, 'issuer')
  const client = await connectReader(options)
  const currencies = await listCurrencies(client, { ...(issuer && { issuer }), fromBlock: await firstBlock(client) })
  return {
    lines: [
      ...currencies.map((one) => `${one.currency}  ${one.name} (${one.symbol}), created by ${one.issuer}`),
      count(currencies.length, 'currency', 'currencies'),
    ],
    data: { currencies },
  }
}
