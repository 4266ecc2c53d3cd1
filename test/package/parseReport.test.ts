import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { parseReport } from '../../scripts/parseReport.ts'

const mocha = fileURLToPath(new URL('../../node_modules/mocha/bin/mocha.js', import.meta.url))

describe('parseReport', () => {
  it('reads what mocha closes with, whatever a test printed', async () => {
    const output = await runMocha(`
      it('passes', () => console.log('7 passing'))
      it('passes too', () => console.log('5 failing'))
      it('fails', () => { throw new Error('3 failing') })
      it.skip('waits', () => {})
    `)
    const { failures, ...counts } = parseReport(output) ?? {}
    expect(counts).to.deep.equal({ passed: 2, failed: 1, skipped: 1 })
    expect(failures).to.match(/^ {2}1\) fails:\n\s+Error: 3 failing\n\s+at /)
  })

  it('has no failures where none are', async () => {
    expect(parseReport(await runMocha("it('passes', () => {})"))).to.deep.equal({
      passed: 1,
      failed: 0,
      skipped: 0,
      failures: '',
    })
  })

  it('gives nothing for a runner that could not load its tests', async () => {
    expect(parseReport(await runMocha("throw new Error('no')"))).to.equal(undefined)
  })

  it('gives nothing for a runner that was stopped half way', async () => {
    expect(parseReport(await runMocha("it('passes', () => {}); it('stops', () => process.exit(0))"))).to.equal(
      undefined,
    )
  })

  it('reads what Hardhat’s Solidity runner closes with', () => {
    const output =
      'Running Solidity tests\n\n  ✔ test_pays()\n\n\n  12 passing\n  2 failing\n  3 skipped\n\n  1) reverts\n'
    expect(parseReport(output)).to.deep.equal({
      passed: 12,
      failed: 2,
      skipped: 3,
      failures: '  1) reverts',
    })
  })
})

/** What mocha prints over one file of tests. */
function runMocha(code: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'scrip-report-'))
  const file = join(folder, 'some.test.mjs')
  writeFileSync(file, code)
  return new Promise((resolve) => {
    execFile(process.execPath, [mocha, '--no-config', file], { encoding: 'utf8' }, (_, stdout) => {
      rmSync(folder, { recursive: true })
      resolve(stdout)
    })
  })
}
