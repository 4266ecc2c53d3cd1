import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ScripError } from '@scrip/sdk/errors'
import { expect } from 'chai'
import { fileName, requireWritable, unwritable } from '../../../sdk/cli/outputFile.ts'
import { codeOf } from '../errors/support/refusal.ts'

describe('fileName', () => {
  const names: [url: string, name: string][] = [
    ['http://peer/a/b.bin?c=d', 'b.bin'],
    ['http://peer/two%20words.txt', 'two words.txt'],
    ['http://peer/', 'index'],
    ['http://peer', 'index'],
    ['http://peer/..%2F..%2Fetc%2Fpasswd', 'passwd'],
    ['http://peer/a%2F..', 'index'],
    ['http://peer/a%00%1b[31m', 'index'],
    ['http://peer/%E0%A4%A', '%E0%A4%A'],
  ]
  for (const [url, name] of names) {
    it(`takes ${name} from ${url}`, () => {
      expect(fileName(new URL(url))).to.equal(name)
    })
  }
})

describe('requireWritable', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'scrip-output-'))
  })
  after(() => rmSync(folder, { recursive: true }))

  it('takes a file that is there or could be, and leaves it as it is', () => {
    writeFileSync(join(folder, 'there'), 'x')
    for (const name of ['there', 'new']) expect(requireWritable(join(folder, name))).to.equal(join(folder, name))
  })

  it('refuses a folder, and a file in none', async () => {
    expect(await codeOf(() => requireWritable(folder))).to.equal('FILE_UNWRITABLE')
    expect(await codeOf(() => requireWritable(join(folder, 'none', 'file')))).to.equal('FILE_UNWRITABLE')
  })
})

describe('unwritable', () => {
  it('makes one of our errors of what the file system says, and of nothing else', async () => {
    const raised = await open('/nowhere/file', 'w').catch((error) => error)
    const error = unwritable('/nowhere/file', raised)
    expect(error).to.be.instanceOf(ScripError)
    expect(error).to.include({ code: 'FILE_UNWRITABLE', message: '/nowhere/file cannot be written: ENOENT.' })
    for (const other of [new ScripError('PEER_UNREACHABLE'), new TypeError('x')]) {
      expect(unwritable('file', other)).to.equal(other)
    }
  })
})
