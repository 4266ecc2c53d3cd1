import { once } from 'node:events'
import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { addresses } from '@scrip/sdk/abi'
import { expect } from 'chai'
import { readCodeBlocks, readRegion } from '../../scripts/codeBlocks.ts'
import { type EmptyProject, emptyProject } from '../support/emptyProject.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const examples = globSync('examples/*.ts', { cwd: root }).sort()
const blocks = readCodeBlocks(root)

describe('the code in the README and the docs', () => {
  it('prints the addresses that this version is deployed at', () => {
    const page = readFileSync(new URL('../../docs/deployment.md', import.meta.url), 'utf8')
    for (const address of Object.values(addresses)) expect(page).to.contain(` at ${address}`)
  })

  it('begins in the README', () => {
    expect(blocks.filter(({ place }) => place.startsWith('README.md:'))).not.to.have.length(0)
  })

  for (const { place, code, source } of blocks) {
    it(`${place} is what ${source || 'a file'} says`, () => {
      expect(source, 'the fence names a file and a region').to.match(/^\S+\.ts#\S+$/)
      expect(code).to.equal(readRegion(root, source))
    })
  }
})

describe('the examples in somebody’s project', function () {
  this.timeout(180_000)
  let project: EmptyProject
  let stop = () => {}
  let url: string

  before(async () => {
    project = await emptyProject(
      'viem',
      '@foundry-rs/anvil',
      'ethers',
      'express',
      'fastify',
      'hono',
      '@hono/node-server',
    )
    const chain = project.start('scrip', 'dev', '--port', '0', '--json')
    stop = () => chain.kill()
    let messages = ''
    chain.stderr.setEncoding('utf8').on('data', (text: string) => {
      messages += text
    })
    const [line] = await Promise.race([
      once(createInterface(chain.stdout), 'line'),
      once(chain, 'exit').then(() => Promise.reject(new Error(`scrip dev ended: ${messages}`))),
    ])
    url = JSON.parse(line).url
  })

  after(() => stop())

  it('are there', () => {
    expect(examples).not.to.have.length(0)
  })

  for (const example of examples) {
    it(`${example} runs as printed, against a chain at a port that was free`, async () => {
      const code = readFileSync(new URL(`../../${example}`, import.meta.url), 'utf8')
      project.write(basename(example), code.replaceAll('http://127.0.0.1:8545', url))
      expect(await project.run('node', basename(example))).not.to.equal('')
    })
  }
})
