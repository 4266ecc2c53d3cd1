import { ScripError } from '../../sdk/errors/ScripError.ts'

/**
 * Runs a script. What goes wrong is told in one line with its code and the next step, and the exit status is 1;
 * `SCRIP_DEBUG=1` adds everything that is known of the error.
 */
export async function run(script: () => Promise<void>): Promise<void> {
  try {
    await script()
  } catch (error) {
    process.exitCode = 1
    console.error(describe(error))
    if (process.env['SCRIP_DEBUG'] === '1') console.error(error)
  }
}

function describe(error: unknown): string {
  if (error instanceof ScripError) return `${error.code}: ${error.message.replace(/\.?$/, '.')} ${error.hint}`
  const message = error instanceof Error ? error.message : String(error)
  return `UNEXPECTED: ${message.split('\n', 1)[0]} Run it again with SCRIP_DEBUG=1 for the whole error, and report it.`
}
