#!/usr/bin/env node
import { Command } from 'commander'
import { currencyCommand } from './commands/currency.ts'
import { devCommand } from './commands/dev.ts'
import { fetchCommand } from './commands/fetch.ts'
import { balanceCommand, depositsCommand, sendCommand } from './commands/money.ts'
import { admissionCommand, historyCommand, reputationCommand } from './commands/network.ts'
import { serveCommand } from './commands/serve.ts'
import { channelsCommand, claimCommand } from './commands/settle.ts'

const program = new Command('scrip').description('Issue currencies, sell and buy by the kilobyte, and see who is worth serving')

program.addCommand(devCommand())
program.addCommand(currencyCommand())
program.addCommand(sendCommand())
program.addCommand(depositsCommand())
program.addCommand(balanceCommand())
program.addCommand(serveCommand())
program.addCommand(fetchCommand())
program.addCommand(channelsCommand())
program.addCommand(claimCommand())
program.addCommand(historyCommand())
program.addCommand(reputationCommand())
program.addCommand(admissionCommand())

await program.parseAsync()
