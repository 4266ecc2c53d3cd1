import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ErrorCode, errorCodes, ScripError } from '@scrip/sdk/errors'
import { expect } from 'chai'
import { errorsPage } from '../../../scripts/errors-doc.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const codes = Object.keys(errorCodes) as ErrorCode[]

describe('the error codes', () => {
  for (const code of codes) {
    it(`${code} says what happened, what to do next, and which status fits`, () => {
      const { status, title, hint } = errorCodes[code]
      expect(code).to.match(/^[A-Z]+(_[A-Z]+)*$/)
      expect(status).to.be.within(400, 599)
      expect(Number.isInteger(status)).to.equal(true)
      expect(title).to.match(/^\S.{5,80}[^.\s]$/)
      expect(hint).to.match(/^\S.{8,160}\.$/)
    })
  }

  it('are told apart by their titles', () => {
    expect(new Set(codes.map((code) => errorCodes[code].title)).size).to.equal(codes.length)
  })

  it('are all in use', () => {
    const sources = globSync('{sdk,scripts}/**/*.ts', {
      cwd: root,
      exclude: ['sdk/errors/codes.ts', 'sdk/abi/**'],
    }).map(read)
    const unused = codes.filter((code) => !sources.some((source) => source.includes(`'${code}'`)))
    expect(unused).to.deep.equal([])
  })
})

describe('docs/errors.md', () => {
  const anchors = [...errorsPage().matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading.toLowerCase())

  it('is what scripts/errors-doc.ts writes', () => {
    expect(read('docs/errors.md'), 'run node scripts/errors-doc.ts').to.equal(errorsPage())
  })

  it('has every code once, where the error says that it is described', () => {
    for (const code of codes) {
      const [file, anchor] = new ScripError(code).docs.split('#')
      expect(file).to.equal('docs/errors.md')
      expect(
        anchors.filter((other) => other === anchor),
        code,
      ).to.have.length(1)
    }
  })

  it('shows what looks like a tag as text', () => {
    expect(errorsPage().replaceAll(/`[^`]*`/g, '')).to.not.match(/(?<!\\)</)
  })
})
