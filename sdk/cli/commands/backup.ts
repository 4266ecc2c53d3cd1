import type { Command } from 'commander'
import { type BackUpOptions, backUpFile } from '../backingUp/backUpFile.ts'
import { listBackups } from '../backingUp/listBackups.ts'
import { type RepairOptions, repairBackups } from '../backingUp/repairBackups.ts'
import { type RestoreOptions, restoreFile } from '../backingUp/restoreFile.ts'
import { command, run, storeOption } from '../command.ts'

const IDENTITY = ['--identity <file>', 'the key that opens it; below ~/.scrip where nothing is said'] as const
const LIMIT = ['--limit <amount>', "the most to spend, in the currency's own unit", '100'] as const
const SELLER = ['--seller <url...>', 'where sellers are reached, one or more'] as const

const storing = (name: string, description: string): Command =>
  command(name, description)
    .option(...LIMIT)
    .addOption(storeOption('its channels, agreements and backups'))

/** `scrip backup`: keeps a file with several sellers. */
export function backupCommand(): Command {
  return storing('backup', 'keep a file with the cheapest sellers with which it survives; run again, it goes on')
    .argument('<file>', 'what to keep')
    .requiredOption(...SELLER)
    .option('--name <name>', "what to find it by; the file's own where nothing is said")
    .option('--survive <probability>', 'how probable it shall be that it survives', '0.999')
    .option('--for <time>', 'how long: 90s, 12h, 14d', '14d')
    .option('--pieces <number>', 'how many sellers to use at most', '16')
    .option('--currency <address>', 'what to pay in; the first that a seller accepts where nothing is said')
    .option('--network <id>', 'believe what its history says of sellers, as far as you trust who says it')
    .option(...IDENTITY)
    .action(run<BackUpOptions>(backUpFile))
}

/** `scrip restore`: gets a file back that was backed up. */
export function restoreCommand(): Command {
  return storing('restore', 'get a backup back, from as many sellers as are needed; run again, it goes on')
    .argument('<name>', 'what it is kept as')
    .option('-o, --output <file>', 'where to write it; its name where nothing is said')
    .option(...IDENTITY)
    .action(run<RestoreOptions>(restoreFile))
}

/** `scrip repair`: replaces sellers that lost what they hold. */
export function repairCommand(): Command {
  return storing('repair', 'have sellers prove that they hold what is backed up, and replace those that do not')
    .argument('[name]', 'of one backup; all where nothing is said')
    .option(...SELLER)
    .option('--network <id>', 'believe what its history says of sellers, and state there what failed')
    .action(run<RepairOptions>(repairBackups))
}

/** `scrip backups`: what is kept where. */
export function backupsCommand(): Command {
  return command('backups', 'show what is backed up, with whom, and how safe it is')
    .addOption(storeOption())
    .action(run(listBackups))
}
