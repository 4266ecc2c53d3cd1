import { addresses } from '@scrip/sdk/abi'
import { expect } from 'chai'
import { generatePrivateKey } from 'viem/accounts'
import { type LocalChain, startAnvil } from '../../support/chain.ts'
import { newTypist, type Typist } from '../../support/scrip.ts'

// The first account of anvil.
const key = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80'

describe('scrip deploy', function () {
  this.timeout(60_000)
  let chain: LocalChain
  let typist: Typist

  before(async () => {
    chain = await startAnvil()
    typist = newTypist({ SCRIP_RPC_URL: chain.url })
  })
  after(() => chain.stop())
  after(() => typist.leave())

  it('says who cannot pay for it, and sends nothing', async () => {
    const { status, stdout, stderr } = await typist.run(['deploy'], { SCRIP_KEY: generatePrivateKey() })
    expect({ status, stdout }).to.deep.equal({ status: 1, stdout: '' })
    expect(stderr).to.match(/^INSUFFICIENT_GAS: 0x\w+ has 0 ether and needs up to 0\.\d+ ether\. .*\n$/)
  })

  it('brings every contract to its address, and says what it cost', async () => {
    const { status, stdout, stderr } = await typist.run(['deploy'], { SCRIP_KEY: key })
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' })
    for (const address of Object.values(addresses)) expect(stdout).to.contain(` at ${address}, `)
    expect(stdout).to.match(/\n\d+ transactions, [\d,]+ gas, 0\.\d+ of the chain's coin\.\n$/)
  })

  it('sends nothing where everything is there', async () => {
    const { stdout } = await typist.run(['deploy'], { SCRIP_KEY: key })
    expect(stdout).to.match(/\nEverything was there on chain 31337: nothing sent\.\n$/)
    const again = await typist.data<{ transactions: string[]; addresses: object }>(['deploy'], { SCRIP_KEY: key })
    expect(again).to.deep.include({ transactions: [], addresses })
  })
})
