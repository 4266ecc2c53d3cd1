import { addresses as expectedAddresses } from '@scrip/sdk/abi'
import { ScripError } from '@scrip/sdk/errors'
import { deployScrip } from '@scrip/sdk/testing'
import { expect } from 'chai'
import { network } from 'hardhat'

type Connection = Awaited<ReturnType<typeof network.create>>

describe('deployScrip', () => {
  it('deploys everything into a Hardhat connection and says where it is', async () => {
    const connection = await network.create()
    const { chainId, addresses } = await deployScrip(connection)
    expect(chainId).to.equal(31337)
    expect(addresses).to.deep.equal(expectedAddresses)
    for (const address of Object.values(addresses))
      expect(await codeAt(connection, address)).to.match(/^0x[0-9a-f]{2000,}$/)
  })

  it('gives contracts that work together: the factory’s currencies approve the deployed channels', async () => {
    const connection = await network.create()
    const { addresses } = await deployScrip(connection)
    const { ethers } = connection
    const factory = await ethers.getContractAt('CurrencyFactory', addresses.currencyFactory)
    const implementation = await ethers.getContractAt('IssuerCurrency', await factory.implementation())
    expect(await implementation.channels()).to.equal(addresses.paymentChannels)
    const policy = await ethers.getContractAt('RatioPolicy', addresses.ratioPolicy)
    expect(await policy.history()).to.equal(addresses.interactionHistory)
  })

  it('uses the first account, and sends nothing the second time', async () => {
    const connection = await network.create()
    const [deployer] = await connection.provider.request({ method: 'eth_accounts' })
    const { addresses } = await deployScrip(connection)
    const sent = await sentBy(connection, deployer)
    expect(sent).to.equal(1 + Object.keys(addresses).length, 'the proxy’s fee, and one transaction a contract')
    expect((await deployScrip(connection)).addresses).to.deep.equal(addresses)
    expect(await sentBy(connection, deployer)).to.equal(sent)
  })

  it('works where nothing is mined by itself, and leaves it so', async () => {
    const connection = await network.create({ override: { mining: { auto: false } } })
    const { addresses } = await deployScrip(connection)
    expect(await codeAt(connection, addresses.ratioPolicy)).to.not.equal('0x')
    expect(await connection.provider.request({ method: 'hardhat_getAutomine' })).to.equal(false)
  })

  it('refuses a connection without accounts', async () => {
    const connection = await network.create({ override: { accounts: [] } })
    const error = await deployScrip(connection).catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(ScripError).with.property('code', 'KEY_MISSING')
  })
})

function codeAt({ provider }: Connection, address: string): Promise<string> {
  return provider.request({ method: 'eth_getCode', params: [address, 'latest'] })
}

async function sentBy({ provider }: Connection, address: string): Promise<number> {
  return Number(await provider.request({ method: 'eth_getTransactionCount', params: [address, 'latest'] }))
}
