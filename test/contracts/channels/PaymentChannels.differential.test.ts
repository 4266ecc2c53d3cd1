import { randomInt } from 'node:crypto'
import { expect } from 'chai'
import { network } from 'hardhat'
import { createChain } from './model/chain.ts'
import { missing, runSequences, story, table } from './model/differential.ts'

/** `SCRIP_TEST=deep` runs longer, from a new seed each time; `SCRIP_SEED` sets the seed. */
const deep = process.env['SCRIP_TEST'] === 'deep'
const seed = Number(process.env['SCRIP_SEED'] ?? (deep ? randomInt(2 ** 32) : 0x5c1b))
const sequences = deep ? 50_000 : 2_000

const { ethers, provider } = await network.create()

describe('PaymentChannels and its model', () => {
  it(`do the same in ${sequences} random sequences (SCRIP_SEED=${seed})`, async function () {
    this.timeout(0)
    const chain = await createChain(ethers, provider)
    const report = await runSequences(chain, seed, sequences)
    if (report.failure !== undefined) {
      expect.fail(`Sequence ${report.sequences} of SCRIP_SEED=${seed} goes apart:\n${story(report.failure, chain)}`)
    }
    console.log(table(report).replace(/^/gm, '      '))
    expect(missing(report), 'reached too seldom').to.deep.equal([])
  })
})
