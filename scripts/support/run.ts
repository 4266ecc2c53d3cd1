import { fail } from '../../sdk/cli/output.ts'

/**
 * Runs a script. What goes wrong is told in one line with its code and the next step, and the exit status is 1;
 * `SCRIP_DEBUG=1` adds everything that is known of the error.
 */
export async function run(script: () => Promise<void>): Promise<void> {
  try {
    await script()
  } catch (error) {
    process.exitCode = fail(error, false)
    if (process.env['SCRIP_DEBUG'] === '1') console.error(error)
  }
}
