import { expect } from 'chai'
import { createProgram } from '../../../sdk/cli/program.ts'
import { refusal } from '../errors/support/refusal.ts'

describe('the usage of scrip', () => {
  const parse = (...words: string[]) => createProgram().parseAsync(words, { from: 'user' })

  const wrong: [words: string[], message: RegExp, hint: RegExp][] = [
    [['nonsense'], /^Unknown command 'nonsense'$/, /^`scrip --help`/],
    [['currency', 'nonsense'], /^Unknown command 'nonsense'$/, /^`scrip currency --help`/],
    [['blance'], /^Unknown command 'blance' \(Did you mean balance\?\)$/, /^`scrip --help`/],
    [['--nonsense'], /^Unknown option '--nonsense'$/, /^`scrip --help`/],
    [['balance', '--nonsense'], /^Unknown option '--nonsense'$/, /^`scrip balance --help`/],
    [['balance', '--rpc'], /^Option '--rpc <url>' argument missing$/, /^`scrip balance --help`/],
    [['fetch'], /^Missing required argument 'url'$/, /^`scrip fetch --help`/],
    [['fetch', 'a', 'b'], /^Too many arguments for 'fetch'/, /^`scrip fetch --help`/],
    [
      ['history', 'edge', '0x1', '0x2'],
      /^Required option '--network <id>' not specified$/,
      /^`scrip history edge --help`/,
    ],
    [['currency', 'redeem', '0x1'], /^Missing required argument 'amount'$/, /^`scrip currency redeem --help`/],
    [['channels', 'exit'], /^Missing required argument 'channel'$/, /^`scrip channels exit --help`/],
    [['dev', '--chain', 'geth'], /Allowed choices are hardhat, anvil\.$/, /^`scrip dev --help`/],
  ]
  for (const [words, message, hint] of wrong) {
    it(`answers “scrip ${words.join(' ')}” with one coded error`, async () => {
      const error = await refusal(() => parse(...words))
      expect(error.code).to.equal('INVALID_ARGUMENT')
      expect(error.message).to.match(message)
      expect(error.hint).to.match(hint)
    })
  }

  it('has a help for every command, which says what each argument and option is', () => {
    const commands = [createProgram()]
    for (const command of commands) {
      const help = command.helpInformation()
      expect(help).to.contain(`Usage: `)
      expect(command.description(), command.name()).not.to.equal('')
      for (const option of command.options)
        expect(option.description, `${command.name()} ${option.long}`).not.to.equal('')
      for (const argument of command.registeredArguments) {
        expect(argument.description, `${command.name()} ${argument.name()}`).not.to.equal('')
      }
      commands.push(...command.commands)
    }
    expect(commands).to.have.length.greaterThan(18)
  })

  it('lets every command choose chain, key and form, but for the one that makes a chain', () => {
    const all = createProgram().commands.flatMap((command) => [command, ...command.commands])
    for (const command of all.filter(({ commands }) => commands.length === 0)) {
      const options = command.options.map(({ long }) => long)
      const expected = command.name() === 'dev' ? ['--json'] : ['--rpc', '--key', '--json']
      expect(options, command.name()).to.include.members(expected)
    }
  })
})
