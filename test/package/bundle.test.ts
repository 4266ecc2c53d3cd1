import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { build, stop } from 'esbuild'
import { type EmptyProject, emptyProject } from '../support/emptyProject.ts'

/** What a page pays for, at most, in kilobytes after minification and gzip. The rest of the line is what it imports. */
const budgets: [kilobytes: number, code: string][] = [
  // Of every station: each code comes with what happened and what to do next.
  [5, "export * from '@scrip/sdk/errors'"],
  // Among them 1.5 of WebAssembly, which makes ticks twenty times cheaper, and 14 of noble for signatures.
  [31, "export * from '@scrip/sdk/channels'"],
  [25, "export { createPayer } from '@scrip/sdk/channels'"],
  [134, "export * from '@scrip/sdk/chain'"],
  [90, "export { scripActions } from '@scrip/sdk'"],
  [70, "export { openChannel } from '@scrip/sdk'"],
  [80, "export * from '@scrip/sdk/settlement'"],
  // Among them the hashes of channels and receipts.
  [17, "export * from '@scrip/sdk/http'"],
  // Among them 2.5 of policy and of going on with what broke off.
  [92, "export * from '@scrip/sdk/client'"],
  // Among them 0.8 of rounds in WebAssembly, which halve the time of a large graph.
  [13, "export * from '@scrip/sdk/reputation'"],
  [47, "export * from '@scrip/sdk/admission'"],
  [5.5, "export * from '@scrip/sdk/store'"],
  [60, "export * from '@scrip/sdk/peer'"],
]

describe('the package in a browser bundle', function () {
  this.timeout(120_000)
  let project: EmptyProject

  before(async () => {
    project = await emptyProject('viem')
  })
  // esbuild works in a process of its own, which would keep this one waiting.
  after(() => stop())

  for (const [budget, code] of budgets) {
    it(code, async () => {
      const size = await bundle(code)
      console.log(`      ${(size / 1000).toFixed(1)} kB of ${budget}`)
      expect(size).to.be.at.most(budget * 1000)
    })
  }

  for (const subpath of ['issuer', 'market', 'testing']) {
    it(`refuses ./${subpath}, which needs Node`, async () => {
      const error = await bundle(`export * from '@scrip/sdk/${subpath}'`).catch((cause: Error) => cause)
      expect(error)
        .to.be.an.instanceOf(Error)
        .and.to.have.property('message')
        .that.includes(`Could not resolve "@scrip/sdk/${subpath}"`)
    })
  }

  /** The size of a browser bundle after gzip. A Node module in it would be an error: a browser has none. */
  async function bundle(code: string): Promise<number> {
    const { outputFiles } = await build({
      stdin: { contents: code, resolveDir: project.path },
      bundle: true,
      format: 'esm',
      logLevel: 'silent',
      minify: true,
      platform: 'browser',
      write: false,
    })
    return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).byteLength
  }
})
