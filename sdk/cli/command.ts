import { Command, Help, Option } from 'commander'
import { ScripError } from '../errors/ScripError.ts'
import type { CommonOptions } from './context.ts'
import { fail, type Output, print } from './output.ts'

const DEFAULT_RPC = 'http://127.0.0.1:8545'

const EVERYWHERE = 'Options of every command:'

/** A command with the options that all have: chain, key, and the form of the output. */
export function command(name: string, description: string): Command {
  const common = [
    new Option('--rpc <url>', 'the chain').env('SCRIP_RPC_URL').default(DEFAULT_RPC),
    new Option('--key <key>', 'private key: 0x…, or a file that holds it, encrypted or not').env('SCRIP_KEY'),
    new Option('--password-file <file>', 'opens an encrypted key file, as SCRIP_PASSWORD does'),
    new Option('--chain-id <id>', 'refuse any other chain').env('SCRIP_CHAIN_ID'),
    new Option('--json', 'print data in one line, errors too'),
  ]
  const created = new Command(name).description(description).configureHelp({ groupItems: commonLast })
  for (const option of common) created.addOption(option.helpGroup(EVERYWHERE))
  return created
}

/** What is special comes first in a command's help. */
const commonLast: Help['groupItems'] = (items, visible, groupOf) => {
  const groups = Help.prototype.groupItems(items, visible, groupOf)
  const common = groups.get(EVERYWHERE)
  if (common !== undefined && groups.delete(EVERYWHERE)) groups.set(EVERYWHERE, common)
  return groups
}

/** The option of commands that have a store. */
export function storeOption(what = 'its channels'): Option {
  const description = `a file or postgres://… where ${what} are remembered; below ~/.scrip where nothing is said`
  return new Option('--store <place>', description).env('SCRIP_STORE')
}

/** The option of commands about a network. */
export function networkOption(): Option {
  return new Option('--network <id>', 'the network, by its number').makeOptionMandatory()
}

/** Runs a command's work, prints its outcome, and sets the exit status. `SCRIP_DEBUG=1` adds all that is known of an error. */
export function run<Options extends { json?: boolean } = CommonOptions>(
  work: (options: Options, ...names: never[]) => Promise<Output | undefined>,
): (...parameters: unknown[]) => Promise<void> {
  return async (...parameters) => {
    const self = parameters.at(-1) as Command
    const options = self.opts<Options>()
    try {
      const output = await work(options, ...(self.processedArgs as never[]))
      if (output !== undefined) print(output, options.json)
    } catch (error) {
      process.exitCode = fail(error, options.json)
      if (process.env['SCRIP_DEBUG'] === '1') console.error(error)
      // Whatever was waited for need not come any more.
      if (error instanceof ScripError && error.code === 'STOPPED') process.exit()
    }
  }
}
