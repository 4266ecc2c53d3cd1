import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { parseCounts } from '../../scripts/parseCounts.ts'

const mocha = fileURLToPath(new URL('../../node_modules/mocha/bin/mocha.js', import.meta.url))

describe('parseCounts', () => {
  it('reads what mocha closes with, whatever a test printed', async () => {
    const output = await runMocha(`
      it('passes', () => console.log('7 passing'))
      it('passes too', () => console.log('5 failing'))
      it('fails', () => { throw new Error('3 failing') })
      it.skip('waits', () => {})
    `)
    expect(parseCounts(output)).to.deep.equal({ passed: 2, failed: 1, skipped: 1 })
  })

  it('gives nothing for a runner that could not load its tests', async () => {
    expect(parseCounts(await runMocha("throw new Error('no')"))).to.equal(undefined)
  })

  it('gives nothing for a runner that was stopped half way', async () => {
    expect(parseCounts(await runMocha("it('passes', () => {}); it('stops', () => process.exit(0))"))).to.equal(
      undefined,
    )
  })

  it('reads what Hardhat’s Solidity runner closes with', () => {
    const output =
      'Running Solidity tests\n\n  ✔ test_pays()\n\n\n  12 passing\n  2 failing\n  3 skipped\n\n  1) reverts\n'
    expect(parseCounts(output)).to.deep.equal({ passed: 12, failed: 2, skipped: 3 })
  })
})

/** What mocha prints over one file of tests. */
function runMocha(code: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'scrip-counts-'))
  const file = join(folder, 'some.test.mjs')
  writeFileSync(file, code)
  return new Promise((resolve) => {
    execFile(process.execPath, [mocha, '--no-config', file], { encoding: 'utf8' }, (_, stdout) => {
      rmSync(folder, { recursive: true })
      resolve(stdout)
    })
  })
}
