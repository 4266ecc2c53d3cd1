import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { type EmptyProject, emptyProject } from '../support/emptyProject.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const compiler = createRequire(import.meta.url).resolve('solc/soljson.js')

/** Somebody's Hardhat project: a contract that knows Scrip's, and a test that needs Scrip on its chain. */
const config = `
import hardhatEthers from '@nomicfoundation/hardhat-ethers'
import { defineConfig } from 'hardhat/config'

export default defineConfig({
  plugins: [hardhatEthers],
  solidity: { version: '0.8.37', path: ${JSON.stringify(compiler)} },
})
`
const contract = `
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IPaymentChannels} from "@scrip/sdk/contracts/channels/IPaymentChannels.sol";

contract Shop {
    IPaymentChannels public immutable channels;

    constructor(IPaymentChannels channels_) {
        channels = channels_;
    }

    function earned(IPaymentChannels.Channel calldata channel) external view returns (uint96 claimed) {
        (claimed, , , ) = channels.state(channels.channelId(channel));
    }
}
`
const script = `
import { deployScrip } from '@scrip/sdk/testing'
import { CurrencyFactory__factory, type IssuerCurrency, IssuerCurrency__factory } from '@scrip/sdk/typechain'
import { network } from 'hardhat'

const connection = await network.connect()
const { addresses } = await deployScrip(connection)
const { ethers } = connection
const [issuer, holder] = await ethers.getSigners()
if (issuer === undefined || holder === undefined) throw new Error('Hardhat has accounts')

const factory = CurrencyFactory__factory.connect(addresses.currencyFactory, issuer)
const terms = { name: 'Claire dollar', symbol: 'CLD', decimals: 6, maxSupply: 1_000_000n, feeFlat: 0n, feeBps: 0 }
const config = { ...terms, redemptionWindow: 0, contractURI: '' }
const address = await factory.predictCurrency(issuer.address, config, ethers.ZeroHash)
await factory.createCurrency(config, ethers.ZeroHash)
const currency: IssuerCurrency = IssuerCurrency__factory.connect(address, issuer)
await currency.mint(holder.address, 250n)
const balance: bigint = await currency.balanceOf(holder.address)

const shop = await ethers.deployContract('Shop', [addresses.paymentChannels])
const channel = [holder.address, issuer.address, address, holder.address, 3600, 0, ethers.ZeroHash]
const earned = await shop.getFunction('earned').staticCall(channel)
console.log(JSON.stringify({ name: await currency.name(), balance: String(balance), earned: String(earned) }))
`

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
    project.write('hardhat.config.ts', config)
    project.write('contracts/Shop.sol', contract)
    project.write('script.ts', script)
  })

  it('compiles its interfaces into other contracts, deploys everything and talks to it through the ethers types', async () => {
    await project.run('hardhat', 'build')
    const output = await project.run('node', 'script.ts')
    expect(JSON.parse(output)).to.deep.equal({ name: 'Claire dollar', balance: '250', earned: '0' })
  })

  it('is typed there', async () => {
    const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--skipLibCheck']
    const types = ['--typeRoots', join(root, 'node_modules/@types'), '--types', 'node']
    await project.run(join(root, 'node_modules/.bin/tsc'), ...options, ...types, 'script.ts', 'hardhat.config.ts')
  })
})
