import { Command } from 'commander'
import { command, run, storeOption } from '../command.ts'
import { type GetOptions, getFile } from '../storing/getFile.ts'
import { listFiles } from '../storing/listFiles.ts'
import { type PutOptions, putFile } from '../storing/putFile.ts'
import { type VerifyOptions, verifyFiles } from '../storing/verifyFiles.ts'

const IDENTITY = [
  '--identity <file>',
  'the key that opens what is stored; below ~/.scrip where nothing is said',
] as const

/** `scrip store`: keeps files with sellers of storage. */
export function storeCommand(): Command {
  const group = new Command('store').description('keep files with sellers of storage, encrypted')
  const buying = (name: string, description: string) =>
    command(name, description)
      .option('--limit <amount>', "the most to spend, in the currency's own unit", '100')
      .addOption(storeOption('its channels and agreements'))
  group.addCommand(
    buying('put', 'store a file with a seller; run again, it goes on where it was')
      .argument('<file>', 'what to store')
      .requiredOption('--seller <url>', 'where the seller is reached')
      .option('--name <name>', "what to find it by; the file's own where nothing is said")
      .option('--for <time>', 'how long: 90s, 12h, 14d', '14d')
      .option('--size <bytes>', 'the space to buy, as in 1GB; as much as the file takes where nothing is said')
      .option('--agreement <id>', 'store it in space that was bought before')
      .option('--currency <address>', 'what to pay in; the first that the offer accepts where nothing is said')
      .option(...IDENTITY)
      .option('--plain', 'store it as it is, for everybody who pays to read')
      .action(run<PutOptions>(putFile)),
  )
  group.addCommand(
    buying('get', 'read a stored file back; run again, it goes on where it was')
      .argument('<name>', 'what it is stored as')
      .option('-o, --output <file>', 'where to write it; its name where nothing is said')
      .option(...IDENTITY)
      .action(run<GetOptions>(getFile)),
  )
  group.addCommand(
    buying('verify', 'have sellers prove that they hold what is stored')
      .argument('[name]', 'of one file; all where nothing is said')
      .option('--leaves <number>', 'how many kilobytes to ask for of each, by chance; 8 where nothing is said')
      .option('--network <id>', "state what failed in this network's history, on your own edges")
      .action(run<VerifyOptions>(verifyFiles)),
  )
  group.addCommand(command('list', 'show what is stored where').addOption(storeOption()).action(run(listFiles)))
  return group
}
