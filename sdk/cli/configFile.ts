import { type Command, Option } from 'commander'
import { ScripError } from '../errors/ScripError.ts'
import { readInputFile } from './inputFile.ts'

/**
 * Has a command read options from a file of JSON, under their long names: `{ "price": "0.001", "port": 4020 }`. The command
 * line and the environment go before it.
 */
export function withConfigFile(command: Command): Command {
  const take = (path: string) => {
    for (const [name, value] of Object.entries(readConfig(path))) setOption(command, path, name, value)
  }
  return command
    .addOption(new Option('--config <file>', 'options by their long names, as JSON').env('SCRIP_CONFIG'))
    .on('option:config', take)
    .on('optionEnv:config', take)
}

/** @throws `FILE_NOT_FOUND`, `INVALID_ARGUMENT` */
function readConfig(path: string): object {
  const text = new TextDecoder().decode(readInputFile(path))
  try {
    const config: unknown = JSON.parse(text)
    if (typeof config === 'object' && config !== null && !Array.isArray(config)) return config
  } catch {
    // What stands in the file is not repeated: it may name a key.
  }
  throw new ScripError('INVALID_ARGUMENT', {
    detail: `${path} is no configuration.`,
    hint: 'Write one JSON object of options by their long names, as in { "price": "0.001" }.',
    values: { path },
  })
}

function setOption(command: Command, path: string, name: string, value: unknown): void {
  const option = command.options.find(({ long }) => long?.replace(/^--(no-)?/, '') === name && name !== 'config')
  if (option === undefined) {
    const known = command.options.map(({ long }) => long?.replace(/^--(no-)?/, '')).filter((one) => one !== 'config')
    throw new ScripError('INVALID_ARGUMENT', {
      detail: `${path} sets ${name}, which is no option of ${command.name()}.`,
      hint: `Options are ${known.join(', ')}.`,
      values: { path, name },
    })
  }
  const isSwitch = !option.required && !option.optional
  if (isSwitch ? typeof value !== 'boolean' : typeof value !== 'string' && typeof value !== 'number') {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: `${path} gives ${name} something that it does not take.`,
      hint: isSwitch ? 'Write true or false.' : 'Write text or a number.',
      values: { path, name },
    })
  }
  const attribute = option.attributeName()
  const source = command.getOptionValueSource(attribute)
  if (source !== undefined && source !== 'default') return
  command.setOptionValueWithSource(attribute, isSwitch ? value : String(value), 'config')
}
