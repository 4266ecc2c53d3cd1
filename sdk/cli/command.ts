import { Command, Option } from 'commander'
import { type Address, isAddress, parseUnits } from 'viem'
import { ScripError } from '../errors/ScripError.ts'
import type { CommonOptions } from './context.ts'
import { fail, type Output, print } from './output.ts'

const DEFAULT_RPC = 'http://127.0.0.1:8545'

/** A command with the options that all have: chain, key, store, and the form of the output. */
export function command(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .addOption(new Option('--rpc <url>', 'the chain').env('SCRIP_RPC_URL').default(DEFAULT_RPC))
    .addOption(new Option('--key <key>', 'private key: 0x… or a file that holds it').env('SCRIP_KEY'))
    .addOption(new Option('--chain-id <id>', 'refuse any other chain').env('SCRIP_CHAIN_ID'))
    .addOption(new Option('--store <file>', 'where channels are remembered').env('SCRIP_STORE'))
    .option('--json', 'print data, errors included')
}

/** Runs a command's work, prints its outcome, and sets the exit status. */
export function run<Options extends CommonOptions>(
  work: (options: Options, ...names: string[]) => Promise<Output | undefined>,
): (...parameters: unknown[]) => Promise<void> {
  return async (...parameters) => {
    const self = parameters.at(-1) as Command
    const options = self.opts<Options>()
    try {
      const output = await work(options, ...self.processedArgs)
      if (output !== undefined) print(output, options.json)
    } catch (error) {
      process.exitCode = fail(error, options.json)
    }
  }
}

/** @throws `INVALID_ARGUMENT` */
export function parseAddress(value: string, what: string): Address {
  if (isAddress(value, { strict: false })) return value
  throw new ScripError('INVALID_ARGUMENT', {
    detail: `${what} is no address: ${value}.`,
    hint: 'Give 0x and 40 hexadecimal digits.',
    values: { [what]: value },
  })
}

/** An amount in a currency's own unit as base units. @throws `INVALID_ARGUMENT` */
export function parseAmount(value: string, decimals: number): bigint {
  const fraction = value.split('.')[1] ?? ''
  if (!/^\d+(\.\d+)?$/.test(value) || fraction.length > decimals) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: `${value} is no amount of this currency.`,
      hint: `Give a positive number with at most ${decimals} decimals.`,
      values: { amount: value, decimals },
    })
  }
  return parseUnits(value, decimals)
}

/** A whole number from 0. @throws `INVALID_ARGUMENT` */
export function parseWhole(value: string, what: string): number {
  const number = Number(value)
  if (/^\d+$/.test(value) && Number.isSafeInteger(number)) return number
  throw new ScripError('INVALID_ARGUMENT', { detail: `${what} is no whole number: ${value}.`, values: { [what]: value } })
}
