import type { Command, CommanderError } from 'commander'
import { ScripError } from '../errors/ScripError.ts'

/** Makes a command, and all below it, throw what it would say about its usage as one of our errors. */
export function throwUsageErrors(command: Command): void {
  command.configureOutput({ outputError: () => {} }).exitOverride((error) => {
    throw isHelp(error) ? error : usageError(command, error)
  })
  for (const child of command.commands) throwUsageErrors(child)
}

/** Whether the help or the version was asked for, or is shown because no command was named: no error of ours. */
function isHelp({ code, exitCode }: CommanderError): boolean {
  return exitCode === 0 || code === 'commander.help'
}

function usageError(command: Command, { message }: CommanderError): ScripError {
  const text = message.replace(/^error: /, '').replace(/\s+/g, ' ')
  return new ScripError('INVALID_ARGUMENT', {
    detail: text.charAt(0).toUpperCase() + text.slice(1),
    hint: `\`${pathOf(command)} --help\` shows what it takes.`,
  })
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`
}
