import type { Command } from 'commander'
import type { Address } from 'viem'
import { getCurrency } from '../../chain/actions/getCurrency.ts'
import { mint } from '../../chain/actions/mint.ts'
import { mintMany } from '../../chain/actions/mintMany.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { command, run } from '../command.ts'
import { type CommonOptions, connect } from '../context.ts'
import { readInput } from '../inputFile.ts'
import { cost, costData } from '../output.ts'
import { parseAddress, parseAmount } from '../parse.ts'
import { amountOf } from '../units.ts'

type MintOptions = CommonOptions & { csv?: string }

/** A holder and an amount as they were typed, and where: what is wrong there is told so. */
type Row = { readonly to: Address; readonly amount: string; readonly place: string }

const HINT =
  'Give an address and an amount for each holder, or --csv and a file with a line of address,amount for each.'

/** `scrip currency mint`: for one holder, or for many in one transaction. */
export function mintCommand(): Command {
  return command('mint', 'bring units of your currency into the world, for all of these holders or for none')
    .argument('<currency>', 'its address')
    .argument('[grants...]', "an address and an amount in the currency's own unit, as in 12.5; for each holder")
    .option('--csv <file>', 'a file with a line of address,amount for each holder; - for what is piped in')
    .action(run<MintOptions>(mintUnits))
}

async function mintUnits(options: MintOptions, name = '', words: string[] = []) {
  const currency = parseAddress(name, 'currency')
  const rows = [...readPairs(words), ...(options.csv === undefined ? [] : await readRows(options.csv))]
  if (rows.length === 0) throw new ScripError('INVALID_ARGUMENT', { detail: 'No holder is named.', hint: HINT })
  const client = await connect(options)
  const terms = await getCurrency(client, { currency })
  const grants = rows.map(({ to, amount, place }) => ({
    to,
    amount: parseAmount(amount, terms.decimals, `${place}amount`),
  }))
  const [first] = grants
  const transaction =
    first !== undefined && grants.length === 1
      ? await mint(client, { currency, ...first })
      : await mintMany(client, { currency, grants })
  return {
    lines: [...grants.map(({ to, amount }) => `Minted ${amountOf(amount, terms)} for ${to}`), cost(transaction)],
    data: { currency, grants, transaction: costData(transaction) },
  }
}

/** @throws `INVALID_ARGUMENT` */
function readPairs(words: readonly string[]): Row[] {
  return words.flatMap((to, index) => {
    if (index % 2 === 1) return []
    const amount = words[index + 1]
    if (amount !== undefined) return [{ to: parseAddress(to, 'to'), amount, place: '' }]
    throw new ScripError('INVALID_ARGUMENT', { detail: `${to} gets no amount.`, hint: HINT, values: { to } })
  })
}

/** @throws `FILE_NOT_FOUND`, and `INVALID_ARGUMENT` that names the line */
async function readRows(path: string): Promise<Row[]> {
  const lines = (await readInput(path)).toString('utf8').split('\n')
  return lines.flatMap((line, index): Row[] => {
    const cells = line.split(',').map((cell) => cell.trim())
    const [to, amount, ...more] = cells
    if (to === '' && amount === undefined) return []
    const place = `${path} line ${index + 1}: `
    if (to !== undefined && amount !== undefined && more.length === 0) {
      return [{ to: parseAddress(to, `${place}address`), amount, place }]
    }
    throw new ScripError('INVALID_ARGUMENT', { detail: `${place}that is not address,amount.`, hint: HINT })
  })
}
