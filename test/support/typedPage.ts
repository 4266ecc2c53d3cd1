import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { createNames } from './names.ts'
import { type Line, readPage, writePage } from './page.ts'
import { openTerminals } from './terminals.ts'

/** Commands that listen at a port that may be taken here; each goes to a free one. */
const listening = /^npx scrip (dev|serve|issuer serve)\b/
const atPort = /\bPORT=\d+ /

/** `SCRIP_UPDATE_PAGES=1` puts what is printed into the page. */
const isUpdate = process.env['SCRIP_UPDATE_PAGES'] === '1'

/** Types a page of docs into real terminals, a test a line, and holds it to what is printed. Returns its lines. */
export function typePage(name: string): Line[] {
  const page = fileURLToPath(new URL(`../../docs/${name}`, import.meta.url))
  const lines = readPage(page)
  const terminals = openTerminals()
  const names = createNames()
  const printed = new Map<Line, string>()
  let rpc: string | undefined

  after(() => terminals.close())
  after(() => {
    if (isUpdate) writePage(page, lines, printed)
  })

  for (const line of lines) {
    it(`${line.terminal}: ${line.typed || 'what is printed next'}`, async () => {
      const typed = names.inRun(line.typed).replace(listening, '$& --port 0').replace(atPort, 'PORT=0 ')
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
  return lines
}
