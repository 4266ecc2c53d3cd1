import { addresses, bytecode } from '@scrip/sdk/abi'
import { ScripError } from '@scrip/sdk/errors'
import { expect } from 'chai'
import { network } from 'hardhat'
import {
  createClient,
  custom,
  getContractAddress,
  type Hex,
  parseTransaction,
  recoverTransactionAddress,
  type TransactionSerializedLegacy,
} from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { getBlockNumber, getCode, getTransactionCount } from 'viem/actions'
import { checkDeployment } from '../../../../sdk/chain/deploy/checkDeployment.ts'
import { type DeploymentStep, deployContracts } from '../../../../sdk/chain/deploy/deployContracts.ts'
import { deploymentBlock } from '../../../../sdk/chain/deploy/deploymentBlock.ts'
import { deploymentAddresses, planDeployment } from '../../../../sdk/chain/deploy/plan.ts'
import {
  proxyAddress,
  proxyCode,
  proxyDeployer,
  proxyDeployerFunds,
  proxyTransaction,
} from '../../../../sdk/chain/deploy/proxy.ts'

type Provider = { request(request: { method: string; params?: unknown[] }): Promise<unknown> }

// The first account of every local chain.
const contractCount = Object.keys(addresses).length
const account = privateKeyToAccount('0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80')

describe('the deployment proxy', () => {
  it('comes from a transaction that its deployer affords exactly and that makes exactly its code', async () => {
    const serializedTransaction = proxyTransaction as TransactionSerializedLegacy
    const { chainId, gas = 0n, gasPrice = 0n, data = '0x' } = parseTransaction(serializedTransaction)
    expect(chainId).to.equal(undefined, 'valid on every chain')
    expect(await recoverTransactionAddress({ serializedTransaction })).to.equal(proxyDeployer)
    expect(getContractAddress({ from: proxyDeployer, nonce: 0n })).to.equal(proxyAddress)
    expect(gas * gasPrice).to.equal(proxyDeployerFunds)
    expect(data.endsWith(proxyCode.slice(2))).to.equal(true)
  })
})

describe('planDeployment', () => {
  it('gives every contract’s address before any chain is asked, and they follow the bytecode', () => {
    expect(deploymentAddresses(bytecode)).to.deep.equal(addresses)
    const other = deploymentAddresses({ ...bytecode, InteractionHistory: `${bytecode.InteractionHistory}00` })
    expect(other.paymentChannels).to.equal(addresses.paymentChannels)
    expect(other.interactionHistory).to.not.equal(addresses.interactionHistory)
    expect(other.ratioPolicy).to.not.equal(addresses.ratioPolicy, 'its argument is the history’s address')
  })
})

describe('deployContracts', () => {
  it('gives the same addresses on chains that differ in id, account and past', async () => {
    const other = privateKeyToAccount(generatePrivateKey())
    const first = await open()
    const second = await open({ chainId: 84532, as: other })
    await second.request('hardhat_setBalance', [other.address, `0x${(10n ** 18n).toString(16)}`])
    await second.mine(16)
    const results = [await deployContracts(first.client), await deployContracts(second.client)]
    expect(results.map((result) => result.chainId)).to.deep.equal([31337, 84532])
    for (const result of results) expect(result.addresses).to.deep.equal(addresses)
  })

  it('tells every step, what it cost, and the block to read from', async () => {
    const { client, mine } = await open()
    const steps: DeploymentStep[] = []
    const result = await deployContracts(client, { onStep: (step) => steps.push(step) })

    const deployed = steps.filter((step) => step.step === 'deployed').map(({ contract }) => contract)
    expect(deployed).to.deep.equal(['DeploymentProxy', ...planDeployment(bytecode).map(({ contract }) => contract)])
    const sent = steps.filter((step) => step.step === 'sent').map(({ hash }) => hash)
    expect(result.transactions).to.deep.equal(sent)

    const spent = await spentOn(client, result.transactions)
    expect(result.gasUsed).to.equal(spent.gasUsed)
    expect(result.cost).to.equal(spent.fees + proxyDeployerFunds)

    const address = addresses.paymentChannels
    expect(await getCode(client, { address, blockNumber: result.block })).to.match(/^0x6/)
    expect(await getCode(client, { address, blockNumber: result.block - 1n })).to.equal(undefined)
    await mine(40)
    expect((await deployContracts(client)).block).to.equal(result.block, 'found again among many blocks')
  })

  it('sends nothing the second time, and only what is missing after a run that ended half way', async () => {
    const { client, request, provider } = await open()
    const before = await request('evm_snapshot')
    const { transactions } = await deployContracts(client)
    expect(transactions).to.have.length(contractCount + 2, 'the proxy’s fee and the proxy come first')
    const { transactions: again, gasUsed, cost } = await deployContracts(client)
    expect({ again, gasUsed, cost }).to.deep.equal({ again: [], gasUsed: 0n, cost: 0n })

    await request('evm_revert', [before])
    let left = 5
    const dying = limited(provider, ({ method }) => {
      if (method === 'eth_sendRawTransaction' && left-- === 0) throw new Error('the machine went off')
    })
    const error = await deployContracts(connect(dying)).catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(Error)
    const rest = await deployContracts(client)
    expect(rest.transactions).to.have.length(contractCount + 2 - 5)
    expect(await checkDeployment(client)).to.deep.equal({ chainId: 31337, addresses })
    expect(rest.block).to.equal(3n, 'that of the first contract, which the earlier run made')
  })

  it('accepts what somebody else deployed at the same time', async () => {
    const rival = privateKeyToAccount('0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d')
    const { client, request, mine, provider } = await open()
    const fee = `0x${proxyDeployerFunds.toString(16)}`
    await request('hardhat_setBalance', [proxyDeployer, fee])
    await request('eth_sendRawTransaction', [proxyTransaction])
    await request('evm_setAutomine', [false])
    // Only when both have sent everything is a block mined, with the rival's transactions first.
    const all = Promise.all([deployContracts(connect(provider, rival)), deployContracts(client)])
    while (
      ((await request('eth_getBlockByNumber', ['pending', false])) as { transactions: Hex[] }).transactions.length <
      2 * contractCount
    ) {
      // A deployment that fails must end the wait and say why.
      await Promise.race([all, new Promise((resolve) => setTimeout(resolve, 10))])
    }
    const results = await minedUntil(all, mine)
    for (const { addresses: found, block } of results) {
      expect(found).to.deep.equal(addresses)
      expect(block).to.equal(2n)
    }
    expect(await checkDeployment(client)).to.deep.equal({ chainId: 31337, addresses })
  })

  it('waits for nodes that learn of a block later than others', async () => {
    const { provider } = await open()
    let late = 0
    const lagging = limited(provider, ({ method }) => {
      if (method === 'eth_getTransactionReceipt') late = 3
      return method === 'eth_getCode' && late-- > 0 ? '0x' : undefined
    })
    const { addresses: found } = await deployContracts(connect(lagging))
    expect(found).to.deep.equal(addresses)
  })

  it('refuses foreign code, be it one immutable that differs, and sends nothing', async () => {
    const { client, request } = await open()
    await deployContracts(client)
    const sent = await getTransactionCount(client, account)
    for (const [key, address] of Object.entries(addresses)) {
      const right = (await getCode(client, { address })) as Hex
      // The last bytes of deployed code name the compiler; an immutable is in front of them.
      for (const wrong of [flip(right, right.length - 3), flip(right, immutableAt(right)), '0x00']) {
        await request('hardhat_setCode', [address, wrong])
        await expectCode(deployContracts(client), 'DEPLOYMENT_MISMATCH', { address })
        await expectCode(checkDeployment(client), 'DEPLOYMENT_MISMATCH', { address })
      }
      await request('hardhat_setCode', [address, right])
      expect((await checkDeployment(client)).addresses).to.have.property(key, address)
    }
    expect(await getTransactionCount(client, account)).to.equal(sent)
  })

  it('refuses a foreign proxy', async () => {
    const { client, request } = await open()
    await request('hardhat_setCode', [proxyAddress, '0x60006000fd'])
    await expectCode(deployContracts(client), 'DEPLOYMENT_MISMATCH', { address: proxyAddress })
    expect(await getTransactionCount(client, account)).to.equal(0)
  })

  it('refuses a chain that is not the expected one, and one that lacks contracts', async () => {
    const { client } = await open()
    await expectCode(deployContracts(client, { chainId: 1 }), 'WRONG_CHAIN', { expected: 1, chainId: 31337 })
    await expectCode(checkDeployment(client, { chainId: 1 }), 'WRONG_CHAIN', { expected: 1, chainId: 31337 })
    const missing = planDeployment(bytecode).map(({ contract }) => contract)
    await expectCode(checkDeployment(client), 'NOT_DEPLOYED', { chainId: 31337, missing })
    expect(await getBlockNumber(client)).to.equal(0n)
  })

  it('refuses an account that affords the proxy’s fee and not the rest, before it sends the rest', async () => {
    const poor = privateKeyToAccount(generatePrivateKey())
    const { client, request } = await open({ as: poor })
    await request('hardhat_setBalance', [poor.address, `0x${(proxyDeployerFunds + 10n ** 15n).toString(16)}`])
    await expectCode(deployContracts(client), 'INSUFFICIENT_GAS', { address: poor.address })
    expect(await getTransactionCount(client, poor)).to.equal(1)
    await request('hardhat_setBalance', [poor.address, `0x${(10n ** 18n).toString(16)}`])
    expect((await deployContracts(client)).transactions).to.have.length(contractCount)
  })

  it('says so where a transaction is not mined in time, and where it came to nothing', async () => {
    const { client, request } = await open()
    await deployContracts(client)
    const { client: stuck, request: ask } = await open({ mining: false })
    await ask('hardhat_setCode', [proxyAddress, proxyCode])
    await expectCode(deployContracts(stuck, { timeout: 200 }), 'TRANSACTION_PENDING', {})

    await request('hardhat_setCode', [addresses.ratioPolicy, '0x'])
    // Its nonce says that the account made a contract before, so nothing can be created there again.
    const error = await expectCode(deployContracts(client), 'TRANSACTION_REVERTED', {})
    expect(error.message).to.match(/^The chain answers: /)
  })

  it('says which transaction left nothing behind', async () => {
    const { client, request, mine } = await open({ mining: false })
    await request('hardhat_setCode', [proxyAddress, proxyCode])
    const deploying = deployContracts(client).catch((reason: unknown) => reason)
    while ((await getTransactionCount(client, { ...account, blockTag: 'pending' })) < contractCount) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    await request('hardhat_setCode', [proxyAddress, '0x5f5ffd'])
    const error = (await minedUntil(deploying, mine)) as ScripError
    expect(error).to.be.instanceOf(ScripError).with.property('code', 'TRANSACTION_REVERTED')
    expect(error.values).to.include({ contract: 'PaymentChannels', address: addresses.paymentChannels })
  })
})

describe('deploymentBlock', () => {
  it('is the block of whichever contract came first', async () => {
    const { client, request, mine } = await open()
    const [early, late] = [
      '0x00000000000000000000000000000000000000e1',
      '0x00000000000000000000000000000000000000e2',
    ] as const
    await mine(5)
    await request('hardhat_setCode', [early, '0x01'])
    await mine(7)
    await request('hardhat_setCode', [late, '0x01'])
    await mine(9)
    expect(await deploymentBlock(client, [late, early])).to.equal(await deploymentBlock(client, [early]))
    expect(await deploymentBlock(client, [early])).to.equal(5n)
    expect(await deploymentBlock(client, [late])).to.equal(12n)
  })
})

/**
 * What comes of some work while blocks are mined. One alone may not do: who looks for a transaction while it is mined sees it
 * with the next block only.
 */
async function minedUntil<Result>(work: Promise<Result>, mine: (blocks: number) => Promise<void>): Promise<Result> {
  let isOver = false
  const over = work.finally(() => {
    isOver = true
  })
  while (!isOver) {
    await mine(1)
    await Promise.race([over, new Promise((resolve) => setTimeout(resolve, 100))])
  }
  return over
}

/** A chain in this process, and a client of it that signs for itself. */
async function open({ chainId = 31337, as = account, mining = true } = {}) {
  const { provider } = await network.create({ override: { chainId, mining: { auto: mining } } })
  const request = (method: string, params: unknown[] = []): Promise<unknown> => provider.request({ method, params })
  // One by one: `hardhat_mine` gives the blocks that it makes in one go the states of older ones.
  const mine = async (blocks: number) => {
    for (let block = 0; block < blocks; block++) await request('evm_mine')
  }
  return { provider, request, mine, client: connect(provider, as) }
}

function connect(provider: Provider, as = account) {
  return createClient({ account: as, transport: custom(provider, { retryCount: 0 }), pollingInterval: 10 })
}

/** The provider behind one that may answer, or fail, in its place. */
function limited(provider: Provider, instead: (request: { method: string }) => unknown): Provider {
  return {
    async request(request) {
      return instead(request) ?? provider.request(request)
    },
  }
}

async function spentOn(client: ReturnType<typeof connect>, hashes: readonly Hex[]) {
  let fees = 0n
  let gasUsed = 0n
  for (const hash of hashes) {
    const receipt = await client.request({ method: 'eth_getTransactionReceipt', params: [hash] })
    if (receipt === null) throw new Error(`${hash} is not mined`)
    gasUsed += BigInt(receipt.gasUsed)
    // The proxy's deployer pays for its own transaction.
    if (receipt.from === account.address.toLowerCase())
      fees += BigInt(receipt.gasUsed) * BigInt(receipt.effectiveGasPrice)
  }
  return { fees, gasUsed }
}

/** Where a 32-byte immutable that holds an address is in the code: behind a PUSH32. */
function immutableAt(code: Hex): number {
  const at = /7f000000000000000000000000[0-9a-f]{40}/.exec(code.slice(2))?.index
  if (at === undefined) throw new Error('the code holds no address')
  return 2 + at + 40
}

function flip(code: Hex, at: number): Hex {
  return `${code.slice(0, at)}${code[at] === '0' ? '1' : '0'}${code.slice(at + 1)}` as Hex
}

async function expectCode(work: Promise<unknown>, code: string, values: Record<string, unknown>): Promise<ScripError> {
  const error = (await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )) as ScripError
  expect(error).to.be.instanceOf(ScripError)
  expect({ code: error.code, ...error.values }).to.deep.include({ code, ...values })
  return error
}
