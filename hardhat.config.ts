import { createRequire } from 'node:module'
import hardhatEthers from '@nomicfoundation/hardhat-ethers'
import hardhatChaiMatchers from '@nomicfoundation/hardhat-ethers-chai-matchers'
import hardhatMocha from '@nomicfoundation/hardhat-mocha'
import hardhatNetworkHelpers from '@nomicfoundation/hardhat-network-helpers'
import hardhatTypechain from '@nomicfoundation/hardhat-typechain'
import { defineConfig } from 'hardhat/config'

const deep = process.env['SCRIP_TEST'] === 'deep'

/**
 * One set of compiler settings for tests, gas figures and deployments: addresses follow from the bytecode (CREATE2), so
 * what is tested must be what is deployed. `cancun` is the oldest EVM with transient storage.
 */
const compiler = {
  version: '0.8.37',
  path: createRequire(import.meta.url).resolve('solc/soljson.js'),
  settings: {
    evmVersion: 'cancun',
    viaIR: true,
    optimizer: { enabled: true, runs: 1_000_000 },
    metadata: { bytecodeHash: 'none' },
  },
}

export default defineConfig({
  plugins: [hardhatEthers, hardhatChaiMatchers, hardhatNetworkHelpers, hardhatMocha, hardhatTypechain],
  solidity: { profiles: { default: { ...compiler, isolated: false }, production: { ...compiler, isolated: false } } },
  networks: { default: { type: 'edr-simulated', hardfork: 'prague' } },
  paths: { tests: { solidity: 'test/contracts', mocha: 'test/contracts' } },
  typechain: { outDir: 'build/typechain' },
  test: {
    solidity: {
      fuzz: { runs: deep ? 5_000 : 256, seed: '0x5c1b', failurePersistDir: 'cache/fuzz' },
      invariant: {
        runs: deep ? 256 : 32,
        depth: deep ? 256 : 64,
        failOnRevert: true,
        failurePersistDir: 'cache/invariant',
      },
    },
    mocha: { timeout: 60_000 },
  },
})
