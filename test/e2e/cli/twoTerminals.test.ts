import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { createNames } from '../../support/names.ts'
import { type Line, readPage, writePage } from '../../support/page.ts'
import { openTerminals } from '../../support/terminals.ts'

const page = fileURLToPath(new URL('../../../docs/two-terminals.md', import.meta.url))

/** Commands that listen at a port that may be taken here; each goes to a free one. */
const listening = /^npx scrip (dev|serve)\b/

/** `SCRIP_UPDATE_PAGES=1` puts what is printed into the page. */
const isUpdate = process.env['SCRIP_UPDATE_PAGES'] === '1'

describe('docs/two-terminals.md', function () {
  this.timeout(120_000)
  const lines = readPage(page)
  const terminals = openTerminals()
  const names = createNames()
  const printed = new Map<Line, string>()
  let rpc: string | undefined

  after(() => terminals.close())
  after(() => {
    if (isUpdate) writePage(page, lines, printed)
  })

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

  for (const line of lines) {
    it(`${line.terminal}: ${line.typed || 'what is printed next'}`, async () => {
      const typed = names.inRun(line.typed).replace(listening, '$& --port 0')
      const run = await terminals.type({
        ...line,
        typed: rpc === undefined ? typed : typed.replace(/^npx scrip/, `SCRIP_RPC_URL=${rpc} $&`),
      })
      rpc ??= /answers at (\S+)/.exec(run)?.[1]
      const shown = names.compare(line.printed, run)
      printed.set(line, names.inPage(run))
      if (!isUpdate) expect(shown.run).to.equal(shown.page)
    })
  }
})
