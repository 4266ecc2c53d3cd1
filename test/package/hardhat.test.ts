import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { type EmptyProject, emptyProject } from '../support/emptyProject.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const compiler = createRequire(import.meta.url).resolve('solc/soljson.js')

const files = ['hardhat.config.ts', 'contracts/Shop.sol', 'shop.ts']

describe('the package in somebody’s Hardhat project', function () {
  this.timeout(300_000)
  let project: EmptyProject

  before(async () => {
    project = await emptyProject(
      'viem',
      'ethers',
      'hardhat',
      '@nomicfoundation/hardhat-ethers',
      '@openzeppelin/contracts',
    )
    for (const file of files) {
      const content = readFileSync(new URL(`../../examples/hardhat/${file}`, import.meta.url), 'utf8')
      // The compiler comes from npm here: a test downloads nothing.
      const solidity = `{ version: '0.8.37', path: ${JSON.stringify(compiler)} }`
      project.write(file, content.replace("solidity: '0.8.37'", `solidity: ${solidity}`))
    }
  })

  it('compiles its interfaces into other contracts, deploys everything and talks to it through the ethers types', async () => {
    await project.run('hardhat', 'build')
    expect(await project.run('node', 'shop.ts')).to.equal('Claire dollar: 250 held, 0 earned\n')
  })

  it('is typed there', async () => {
    const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--skipLibCheck']
    const types = ['--typeRoots', join(root, 'node_modules/@types'), '--types', 'node']
    await project.run(join(root, 'node_modules/.bin/tsc'), ...options, ...types, 'shop.ts', 'hardhat.config.ts')
  })
})
