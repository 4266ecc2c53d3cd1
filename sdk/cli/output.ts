import { formatEther, formatUnits } from 'viem'
import type { Transaction } from '../chain/transact.ts'
import { ScripError } from '../errors/ScripError.ts'

/** What a command found or did: lines for a person, and the same as data. */
export type Output = { lines: readonly string[]; data: { readonly [field: string]: unknown } }

/** Prints a command's outcome: lines, or one line of JSON. */
export function print({ lines, data }: Output, json: boolean | undefined): void {
  const text = json ? JSON.stringify(data, (_, value) => (typeof value === 'bigint' ? value.toString() : value)) : lines.join('\n')
  process.stdout.write(`${text}\n`)
}

/** What a transaction cost. */
export function cost({ hash, receipt }: Transaction): string {
  const price = receipt.gasUsed * receipt.effectiveGasPrice
  return `  transaction ${hash}, ${receipt.gasUsed} gas, ${formatEther(price)} of the chain's coin`
}

/** An amount of base units in a currency's own decimals. */
export function amountOf(amount: bigint, { decimals, symbol }: { decimals: number; symbol: string }): string {
  return `${formatUnits(amount, decimals)} ${symbol}`
}

/** Prints what went wrong in one line, with the code and the next step, and gives the exit status. */
export function fail(error: unknown, json: boolean | undefined): number {
  const known = error instanceof ScripError ? error : new ScripError('INTERNAL', { detail: String(error), cause: error })
  const text = json ? JSON.stringify(known.toProblem()) : `${known.code}: ${sentence(known.message)} ${known.hint}`
  process.stderr.write(`${text}\n`)
  return 1
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}
