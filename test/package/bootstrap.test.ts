import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const root = fileURLToPath(new URL('../..', import.meta.url))

describe('the bootstrap', () => {
  let clone: string

  /** A folder with what the bootstrap reads before anything is installed. */
  beforeEach(() => {
    clone = mkdtempSync(join(tmpdir(), 'scrip-clone-'))
    mkdirSync(join(clone, 'scripts'))
    for (const file of ['package.json', 'package-lock.json', 'scripts/bootstrap.mjs']) {
      copyFileSync(join(root, file), join(clone, file))
    }
  })

  afterEach(() => rmSync(clone, { recursive: true }))

  it('does nothing and needs no npm where all is there, in less than a second', () => {
    const seconds = [1, 2, 3].map(() => {
      const start = performance.now()
      expect(bootstrap(root, 'no/such/folder')).to.deep.equal({ status: 0, messages: '' })
      return (performance.now() - start) / 1_000
    })
    // The quickest of them: the machine may be busy with something else.
    expect(Math.min(...seconds)).to.be.below(1)
  })

  it('says so when asked', () => {
    expect(bootstrap(root, 'no/such/folder', { npm_lifecycle_event: 'setup' }).messages).to.equal(
      'setup: everything is in place\n',
    )
  })

  it('says what failed and what to do where npm fails', () => {
    writeFileSync(join(clone, 'npm'), '#!/bin/sh\necho "no network" >&2\nexit 7\n', { mode: 0o755 })
    const { status, messages } = bootstrap(clone, clone)
    expect(status).to.equal(1)
    expect(messages).to.match(/^setup: installing the packages of the lockfile \(up to \d+\) …\nno network\n/)
    expect(messages).to.include('npm ended with 7. Check that npm reaches its registry, then run `npm run setup`.\n')
  })

  it('says so where there is no npm', () => {
    const { status, messages } = bootstrap(clone, clone)
    expect(status).to.equal(1)
    expect(messages).to.include('could not start: spawn npm ENOENT')
  })

  it('does not take an install for complete that left the binary of Node out', () => {
    writeFileSync(join(clone, 'npm'), '#!/bin/sh\nexit 0\n', { mode: 0o755 })
    const { status, messages } = bootstrap(clone, clone)
    expect(status).to.equal(1)
    expect(messages).to.match(/node_modules\/\.bin has no Node \d+\.\d+\.\d+ after the install/)
  })
})

function bootstrap(cwd: string, path: string, env: NodeJS.ProcessEnv = {}) {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/bootstrap.mjs'], {
    cwd,
    encoding: 'utf8',
    env: { PATH: path, ...env },
  })
  return { status, messages: stderr }
}
