import { CommanderError } from 'commander'
import { fail } from './output.ts'
import { createProgram } from './program.ts'

/** Does what the command line says, and sets the exit status. */
export async function main(): Promise<void> {
  const asksForData = process.argv.includes('--json')
  process.on('uncaughtException', (error) => process.exit(fail(error, asksForData)))
  // A reader that has seen enough, as `head` has, is no error.
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 1))
  try {
    await createProgram().parseAsync()
  } catch (error) {
    process.exitCode = error instanceof CommanderError ? error.exitCode : fail(error, asksForData)
  }
}
