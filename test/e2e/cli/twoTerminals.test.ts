import { expect } from 'chai'
import { typePage } from '../../support/typedPage.ts'

describe('docs/two-terminals.md', function () {
  this.timeout(120_000)
  const lines = typePage('two-terminals.md')

  it('tells the whole story', () => {
    const commands = [
      'dev',
      'currency create',
      'currency mint',
      'send',
      'deposits',
      'balance',
      'serve',
      'fetch',
      'claim',
    ]
    for (const command of [...commands, 'channels', 'history', 'reputation', 'admission']) {
      expect(
        lines.some(({ typed }) => typed.startsWith(`npx scrip ${command}`)),
        command,
      ).to.equal(true)
    }
  })
})
