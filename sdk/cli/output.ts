import { formatEther } from 'viem'
import type { Transaction } from '../chain/transact.ts'
import { ScripError } from '../errors/ScripError.ts'
import { contractHints } from './contractHints.ts'

/** What a command found or did: lines for a person, and the same as data. */
export type Output = { lines: readonly string[]; data: { readonly [field: string]: unknown } }

/** Prints a command's outcome: lines, or one line of JSON. */
export function print({ lines, data }: Output, json: boolean | undefined): void {
  const text = json
    ? JSON.stringify(data, (_, value) => (typeof value === 'bigint' ? value.toString() : value))
    : lines.map(harmless).join('\n')
  process.stdout.write(`${text}\n`)
}

/** What a transaction cost, as a line. */
export function cost({ hash, receipt }: Transaction): string {
  const { gas, fee } = costData({ hash, receipt })
  return `  transaction ${hash}, ${gas.toLocaleString('en')} gas, ${formatEther(fee)} of the chain's coin`
}

/** What a transaction cost, as data: gas, and the fee in wei. */
export function costData({ hash, receipt }: Transaction): { hash: string; gas: bigint; fee: bigint } {
  return { hash, gas: receipt.gasUsed, fee: receipt.gasUsed * receipt.effectiveGasPrice }
}

/** Unix seconds as a date and time. */
export function time(seconds: number): string {
  return new Date(seconds * 1_000)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC')
}

/** Seconds in the largest unit that they are a whole number of. */
export function duration(seconds: number): string {
  const units: [name: string, seconds: number][] = [
    ['day', 86_400],
    ['hour', 3_600],
    ['minute', 60],
  ]
  const [name, length] = units.find(([, each]) => seconds % each === 0) ?? ['second', 1]
  return count(seconds / length, name)
}

/** Something and how many of it there are. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`
}

/** Prints what went wrong in one line, with the code and the next step, and gives the exit status. */
export function fail(error: unknown, json: boolean | undefined): number {
  const known = withHint(
    error instanceof ScripError ? error : new ScripError('INTERNAL', { detail: String(error), cause: error }),
  )
  const text = json
    ? JSON.stringify(known.toProblem())
    : harmless(oneLine(`${known.code}: ${sentence(known.message)} ${known.hint}`))
  // A progress line may stand where this one begins.
  const clear = process.stderr.isTTY ? '\r\x1b[2K' : ''
  process.stderr.write(`${clear}${text}\n`)
  return known.code === 'STOPPED' ? 130 : 1
}

/** The error with the next step that fits the contract's own error, where the contract refused. */
function withHint(error: ScripError): ScripError {
  const hint = error.code === 'TRANSACTION_REVERTED' ? contractHints[String(error.values['error'])] : undefined
  if (hint === undefined) return error
  return new ScripError(error.code, { detail: error.message, hint, values: error.values, cause: error })
}

/**
 * A line that does nothing to a terminal but stand there. Anybody names a currency as they like: a name must not move the
 * cursor, end the line, or turn what follows around.
 */
export function harmless(line: string): string {
  return line.replace(/\p{Cc}|\p{Zl}|\p{Zp}|\p{Bidi_Control}/gu, '\ufffd')
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ')
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}
