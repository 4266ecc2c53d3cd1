/**
 * Feedback by ERC-8004, against a registry of these tests' own that follows the ERC's interface: the one that its authors
 * deployed comes in no package. See `test/contracts/erc8004/FeedbackRegistry.sol`.
 */
import {
  addresses,
  claim,
  createNetwork,
  getFeedback,
  openChannel,
  publishFeedback,
  setWeight,
  sync,
} from '@scrip/sdk/chain'
import { createPayee, createPayer } from '@scrip/sdk/channels'
import { ScripError } from '@scrip/sdk/errors'
import { memoryStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import { artifacts, network } from 'hardhat'
import { type Abi, type Address, encodeFunctionData, type Hex, keccak256, stringToBytes, toHex } from 'viem'
import { deployContract, sendTransaction, waitForTransactionReceipt } from 'viem/actions'
import { interactionHistoryAbi } from '../../../sdk/abi/interactionHistory.ts'
import { readFeedbackFile, writeFeedbackFile } from '../../../sdk/chain/feedbackFile.ts'
import { reputationRegistryAbi } from '../../../sdk/chain/feedbackRegistry.ts'
import { type Market, openMarket, type Person } from '../../support/market.ts'

describe('feedback by ERC-8004', function () {
  this.timeout(60_000)
  let market: Market
  let networkId: bigint
  let registry: Address
  let agents: { address: Address; abi: Abi }
  let agent: Person
  let agentId = -1n

  before(async () => {
    market = await openMarket(await network.create())
    networkId = await found()
    agents = await deploy('AgentRegistry')
    registry = (await deploy('FeedbackRegistry', [agents.address])).address
  })
  beforeEach(async () => {
    agent = await market.person()
    await write(agent, agents.address, encodeFunctionData({ abi: agents.abi, functionName: 'register' }))
    agentId++
  })

  const found = async () => {
    const created = await createNetwork(market.issuer.client)
    await setWeight(market.issuer.client, { networkId: created.networkId, currency: market.currency })
    return created.networkId
  }
  const deploy = async (name: string, args: unknown[] = []) => {
    const { abi, bytecode } = await artifacts.readArtifact(name)
    const { client, account } = market.issuer
    const hash = await deployContract(client, {
      abi: abi as Abi,
      bytecode: bytecode as Hex,
      args,
      account,
      chain: null,
    })
    const { contractAddress } = await waitForTransactionReceipt(client, { hash })
    return { abi: abi as Abi, address: contractAddress as Address }
  }
  const write = async ({ client, account }: Person, to: Address, data: Hex) => {
    const hash = await sendTransaction(client, { account, chain: null, to, data })
    expect((await waitForTransactionReceipt(client, { hash })).status).to.equal('success')
  }
  /** Somebody pays, and it is settled and counted. */
  const pay = async (payer: Person, payee: Person, amount: bigint, into = networkId) => {
    const opened = await openChannel(payer.client, {
      payee: payee.account.address,
      currency: market.currency,
      deposit: amount,
    })
    const { transaction: _, ...channel } = opened
    const sender = createPayer({ channel, signer: payer.account, store: memoryStore() })
    const accept = { ...channel, currencies: [market.currency], maxExposure: 0n }
    const receiver = createPayee({ account: payee.account, store: memoryStore(), accept })
    await receiver.observe(channel, { claimed: 0n, deposit: amount, exitAt: 0 })
    await receiver.accept(await sender.pay(amount))
    for (const best of await receiver.claimable()) await claim(market.issuer.client, { claim: best })
    await sync(market.issuer.client, { networkId: into, channels: [channel] })
  }
  const publish = ({ client }: Person, value: bigint, more: object = {}) =>
    publishFeedback(client, { registry, agentId, networkId, value, ...more })
  const read = () => getFeedback(market.issuer.client, { registry, agentId, networkId })
  /** Writes to the registry whatever somebody likes. */
  const say = (person: Person, uri: string, hash: Hex, value = 100n) =>
    write(
      person,
      registry,
      encodeFunctionData({
        abi: reputationRegistryAbi,
        functionName: 'giveFeedback',
        args: [agentId, value, 0, '', '', '', uri, hash],
      }),
    )
  const details = () => ({
    chainId: market.chainId,
    identity: agents.address,
    agentId,
    createdAt: new Date(0),
    value: 100n,
    valueDecimals: 0,
    tag1: '',
    tag2: '',
    endpoint: '',
  })
  const failure = async (work: Promise<unknown>) => {
    const error = await work.catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(ScripError)
    return error as ScripError
  }

  it('is published with what was settled, and read back with it', async () => {
    const person = await market.person()
    await pay(person, agent, 500n)
    const { client } = person
    // #region publish
    const { settled } = await publishFeedback(client, {
      agentId,
      networkId,
      value: 875n,
      valueDecimals: 1, // 87.5
      tag1: 'uptime',
      tag2: 'storage',
      endpoint: 'https://agent.example/',
      registry,
    })
    // #endregion
    expect(settled.served).to.equal(500n)
    const told: string[] = []
    // #region read
    const { feedback, summary } = await getFeedback(client, { agentId, networkId, registry })
    for (const { client, value, valueDecimals, backing, weight } of feedback) {
      const said = `${client} says ${Number(value) / 10 ** valueDecimals}`
      told.push(backing ? `${said} and settled ${backing.served}, of which ${weight} count` : `${said}, which is words`)
    }
    // #endregion
    expect(told).to.deep.equal([`${person.account.address} says 87.5 and settled 500, of which 500 count`])
    expect(feedback).to.have.lengthOf(1)
    expect(feedback[0]).to.deep.include({
      index: 1n,
      value: 875n,
      valueDecimals: 1,
      tag1: 'uptime',
      tag2: 'storage',
      endpoint: 'https://agent.example/',
      isRevoked: false,
      weight: 500n,
    })
    expect(feedback[0]?.backing).to.deep.include({ networkId, served: 500n, block: settled.block })
    expect(summary).to.deep.equal({ value: 87_500_000_000_000_000_000n, weight: 500n, backed: 1, uncounted: 0 })
  })

  it('weighs by what was settled, once for each client, and by its last word', async () => {
    const [small, large] = [await market.person(), await market.person()]
    await pay(small, agent, 100n)
    await pay(large, agent, 300n)
    await publish(small, 0n)
    await publish(large, -50n)
    await publish(large, 80n)
    await publish(large, 40n)
    const data = (index: bigint) =>
      encodeFunctionData({
        abi: [
          {
            type: 'function',
            name: 'revokeFeedback',
            stateMutability: 'nonpayable',
            inputs: [{ type: 'uint256' }, { type: 'uint64' }],
            outputs: [],
          },
        ],
        args: [agentId, index],
      })
    await write(large, registry, data(3n))
    const { feedback, summary } = await read()
    expect(feedback.map(({ weight }) => weight)).to.deep.equal([100n, 0n, 300n, 0n])
    expect(feedback.map(({ isRevoked }) => isRevoked)).to.deep.equal([false, false, false, true])
    expect(summary).to.deep.equal({ value: 60n * 10n ** 18n, weight: 400n, backed: 2, uncounted: 1 })
  })

  it('loses weight by what the client takes back', async () => {
    const client = await market.person()
    await pay(client, agent, 100n)
    await publish(client, 10n)
    const args = [networkId, client.account.address, agent.account.address, 70n, '0x'] as const
    const data = encodeFunctionData({ abi: interactionHistoryAbi, functionName: 'stateFaults', args })
    await write(client, addresses.interactionHistory, data)
    expect((await read()).summary.weight).to.equal(30n)
  })

  describe('counts nothing', () => {
    const expectWords = async () => {
      const { feedback, summary } = await read()
      expect(feedback.length).to.be.greaterThan(0)
      for (const { backing, weight } of feedback)
        expect({ backing, weight }).to.deep.equal({ backing: undefined, weight: 0n })
      expect(summary).to.deep.equal({ weight: 0n, backed: 0, uncounted: feedback.length })
    }
    const statement = (client: Person, provider: Person, served: bigint) =>
      writeFeedbackFile(details(), {
        networkId,
        consumer: client.account.address,
        provider: provider.account.address,
        served,
        block: 1n,
      })

    it('where it states what was never settled, or more than was', async () => {
      const [stranger, client] = [await market.person(), await market.person()]
      await pay(client, agent, 100n)
      for (const [person, served] of [
        [stranger, 1n],
        [client, 101n],
        [client, 0n],
      ] as const) {
        const { uri, hash } = statement(person, agent, served)
        await say(person, uri, hash)
      }
      await expectWords()
    })

    it('where somebody else paid, or somebody else was paid', async () => {
      const [stranger, client, other] = [await market.person(), await market.person(), await market.person()]
      await pay(client, agent, 100n)
      await pay(stranger, other, 100n)
      const stolen = statement(client, agent, 100n)
      await say(stranger, stolen.uri, stolen.hash)
      const elsewhere = statement(stranger, other, 100n)
      await say(stranger, elsewhere.uri, elsewhere.hash)
      await expectWords()
    })

    it('where it was settled in another network, on another chain or in another history', async () => {
      const client = await market.person()
      const another = await found()
      await pay(client, agent, 100n, another)
      const names = { consumer: client.account.address, provider: agent.account.address, served: 100n, block: 1n }
      for (const [chainId, id] of [
        [market.chainId, another],
        [market.chainId + 1, networkId],
      ] as const) {
        const { uri, hash } = writeFeedbackFile({ ...details(), chainId }, { networkId: id, ...names })
        await say(client, uri, hash)
      }
      const { uri } = writeFeedbackFile(details(), { networkId: another, ...names })
      const text = atob(uri.split(',')[1] ?? '').replace(addresses.interactionHistory, registry)
      await say(client, `data:application/json;base64,${btoa(text)}`, keccak256(stringToBytes(text)))
      await expectWords()
    })

    it('where the file has another hash, or is none', async () => {
      const client = await market.person()
      await pay(client, agent, 100n)
      const { uri, hash } = statement(client, agent, 100n)
      const files: [string, Hex][] = [
        [uri, toHex(1, { size: 32 })],
        ['', hash],
        ['https://files.example/1.json', hash],
        ['ipfs://bafy', hash],
        ['data:application/json;base64,!!!', hash],
        [`${uri}AAAA`, hash],
      ]
      const texts = ['', 'null', '7', '[]', '{}', '{"scrip":null}', '{"scrip":{"history":7}}', '\u0000', '{"scrip":{}']
      for (const text of texts) {
        files.push([`data:application/json;base64,${btoa(text)}`, keccak256(stringToBytes(text))])
      }
      for (const [file, digest] of files) await say(client, file, digest)
      await expectWords()
    })

    it('once the agent belongs to somebody else', async () => {
      const client = await market.person()
      await pay(client, agent, 100n)
      await publish(client, 10n)
      expect((await read()).summary.backed).to.equal(1)
      const buyer = await market.person()
      const args = [agent.account.address, buyer.account.address, agentId]
      await write(agent, agents.address, encodeFunctionData({ abi: agents.abi, functionName: 'transferFrom', args }))
      await expectWords()
    })
  })

  describe('is refused', () => {
    it('where nothing was settled, or with somebody else', async () => {
      const [client, other] = [await market.person(), await market.person()]
      expect((await failure(publish(client, 1n))).code).to.equal('FEEDBACK_UNBACKED')
      await pay(client, other, 100n)
      const provider = other.account.address
      expect((await failure(publish(client, 1n, { provider }))).code).to.equal('FEEDBACK_UNBACKED')
    })

    it('for an agent or a network that is not there, in the contracts’ words', async () => {
      const client = await market.person()
      const noAgent = await failure(publish(client, 1n, { agentId: 10n ** 9n }))
      expect(noAgent.values).to.deep.include({ error: 'ERC721NonexistentToken' })
      const noNetwork = await failure(publish(client, 1n, { networkId: 10n ** 9n }))
      expect(noNetwork.values).to.deep.include({ error: 'UnknownNetwork' })
    })

    it('where the chain has no registry, or the value does not fit', async () => {
      const client = await market.person()
      await pay(client, agent, 100n)
      const nowhere = await failure(publishFeedback(client.client, { agentId, networkId, value: 1n }))
      expect(nowhere.code).to.equal('NOT_DEPLOYED')
      expect((await failure(getFeedback(client.client, { agentId, networkId }))).code).to.equal('NOT_DEPLOYED')
      expect((await failure(publish(client, 2n ** 127n))).code).to.equal('INVALID_ARGUMENT')
      expect((await failure(publish(client, 10n ** 38n + 1n))).code).to.equal('TRANSACTION_REVERTED')
      expect((await failure(publish(client, 1n, { valueDecimals: 19 }))).code).to.equal('TRANSACTION_REVERTED')
    })
  })

  it('has a file of the form that the ERC shows, in any script', () => {
    const consumer = `0x${'ab'.repeat(20)}` as const
    const settled = { networkId: 7n, consumer, provider: consumer, served: 2n ** 96n - 1n, block: 9n }
    const { uri, hash } = writeFeedbackFile({ ...details(), tag1: 'schnell – 速い', value: -(10n ** 38n) }, settled)
    expect(readFeedbackFile(uri, hash, market.chainId)).to.deep.equal(settled)
    const bytes = Uint8Array.from(atob(uri.split(',')[1] ?? ''), (character) => character.charCodeAt(0))
    expect(JSON.parse(new TextDecoder().decode(bytes))).to.deep.include({
      agentRegistry: `eip155:${market.chainId}:${agents.address}`,
      agentId: Number(agentId),
      clientAddress: `eip155:${market.chainId}:${consumer}`,
      createdAt: '1970-01-01T00:00:00.000Z',
      value: `${-(10n ** 38n)}`,
      valueDecimals: 0,
      tag1: 'schnell – 速い',
    })
  })
})
