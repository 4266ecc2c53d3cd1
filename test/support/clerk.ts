/**
 * Runs commands of `scrip` one after another in a process that stays, as its parent sends them, and sends back how each
 * ended and what it printed. All of a command runs as ever, but for the start and the end of a process.
 */
import { enableCompileCache } from 'node:module'
import type { Ended, Order } from './scrip.ts'

enableCompileCache()
const { main } = await import('../../sdk/cli/main.ts')
const { STOP_SIGNALS } = await import('../../sdk/cli/stop.ts')

process.on('message', async ({ words, folder, environment }: Order) => {
  process.chdir(folder)
  process.argv.splice(2, process.argv.length, ...words)
  for (const name of Object.keys(process.env)) delete process.env[name]
  Object.assign(process.env, environment)
  process.exitCode = 0
  const printed = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    process[name].write = ((text: string) => {
      printed[name] += text
      return true
    }) as typeof process.stdout.write
  }
  await main()
  // What a process would take with it.
  for (const event of ['uncaughtException', ...STOP_SIGNALS]) process.removeAllListeners(event)
  process.stdout.removeAllListeners('error')
  const ended: Ended = { status: Number(process.exitCode), ...printed }
  process.send?.(ended)
})
process.send?.('ready')
