import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { admissionCommand } from './commands/admission.ts'
import { authorizationCommand } from './commands/authorization.ts'
import { backupCommand, backupsCommand, repairCommand, restoreCommand } from './commands/backup.ts'
import { balanceCommand } from './commands/balance.ts'
import { channelsCommand } from './commands/channels.ts'
import { claimCommand } from './commands/claim.ts'
import { currencyCommand } from './commands/currency.ts'
import { deployCommand } from './commands/deploy.ts'
import { depositsCommand } from './commands/deposits.ts'
import { devCommand } from './commands/dev.ts'
import { fetchCommand } from './commands/fetch.ts'
import { historyCommand } from './commands/history.ts'
import { issuerCommand } from './commands/issuer.ts'
import { networkCommand } from './commands/network.ts'
import { reputationCommand } from './commands/reputation.ts'
import { sendCommand } from './commands/send.ts'
import { serveCommand } from './commands/serve.ts'
import { storeCommand } from './commands/store.ts'
import { watchtowerCommand } from './commands/watchtower.ts'
import { throwUsageErrors } from './usage.ts'

const manifest = new URL('../../package.json', import.meta.url)

/** The whole `scrip` command. Its usage errors are thrown. */
export function createProgram(): Command {
  const program = new Command('scrip')
    .enablePositionalOptions()
    .description('Issue currencies, sell and buy by the kilobyte, and see who is worth serving.')
    .version((JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version)
    .addHelpText(
      'after',
      '\nSCRIP_RPC_URL, SCRIP_KEY and SCRIP_PASSWORD stand for the options that are the same every time.',
    )
  const commands = [
    devCommand(),
    deployCommand(),
    currencyCommand(),
    sendCommand(),
    depositsCommand(),
    balanceCommand(),
    authorizationCommand(),
    issuerCommand(),
    serveCommand(),
    watchtowerCommand(),
    fetchCommand(),
    storeCommand(),
    backupCommand(),
    restoreCommand(),
    repairCommand(),
    backupsCommand(),
    channelsCommand(),
    claimCommand(),
    networkCommand(),
    historyCommand(),
    reputationCommand(),
    admissionCommand(),
  ]
  for (const command of commands) program.addCommand(command)
  throwUsageErrors(program)
  return program
}
