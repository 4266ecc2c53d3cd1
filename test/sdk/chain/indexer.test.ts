import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  claim,
  createIndexer,
  createNetwork,
  getEdge,
  type IndexedEdge,
  type Indexer,
  openChannel,
  type ScripClient,
  setWeight,
  sync,
} from '@scrip/sdk/chain'
import { createPayee, createPayer } from '@scrip/sdk/channels'
import { ScripError } from '@scrip/sdk/errors'
import { memoryStore, type Store, sqliteStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import fc from 'fast-check'
import { network } from 'hardhat'
import { createWalletClient, custom } from 'viem'
import { type Market, openMarket, type Person } from '../../support/market.ts'

const folder = mkdtempSync(join(tmpdir(), 'scrip-indexer-'))

describe('createIndexer', function () {
  this.timeout(60_000)
  let connection: Awaited<ReturnType<typeof network.create>>
  let market: Market
  let people: Person[]
  let networkId: bigint
  let client: ScripClient

  before(async () => {
    connection = await network.create()
    market = await openMarket(connection)
    client = market.issuer.client
    people = await Promise.all([market.person(), market.person(), market.person()])
  })
  beforeEach(async () => {
    networkId = await found()
  })
  after(() => rmSync(folder, { recursive: true }))

  const found = async () => {
    const created = await createNetwork(client)
    await setWeight(client, { networkId: created.networkId, currency: market.currency })
    return created.networkId
  }

  /** One person serves another; it is settled and counted in a network. */
  const serve = async (provider: number, consumer: number, amount: bigint, into = networkId): Promise<void> => {
    const [payee, payer] = [people[provider], people[consumer]]
    if (payee === undefined || payer === undefined) throw new Error('There are three people.')
    const { transaction: _, ...channel } = await openChannel(payer.client, {
      payee: payee.account.address,
      currency: market.currency,
      deposit: amount,
    })
    const sender = createPayer({ channel, signer: payer.account, store: memoryStore() })
    const accept = { ...channel, currencies: [market.currency], maxExposure: 0n }
    const receiver = createPayee({ account: payee.account, store: memoryStore(), accept })
    await receiver.observe(channel, { claimed: 0n, deposit: amount, exitAt: 0 })
    await receiver.accept(await sender.pay(amount))
    for (const best of await receiver.claimable()) await claim(client, { claim: best })
    await sync(client, { networkId: into, channels: [channel] })
  }

  const mine = (blocks = 1) => connection.networkHelpers.mine(blocks)
  const plain = (edges: IndexedEdge[]) =>
    edges.map(([consumer, provider, served]) => `${consumer} ${provider} ${served}`.toLowerCase()).sort()
  const edgesOf = async (indexer: Indexer) => plain(await indexer.edges())

  /** What a new indexer reads from the beginning. */
  const rebuilt = async (into = networkId): Promise<string[]> => {
    const indexer = createIndexer({ client, store: memoryStore(), networkId: into })
    await indexer.sync()
    return edgesOf(indexer)
  }

  /** What the contract itself says of every pair. */
  const onChain = async (): Promise<string[]> => {
    const edges: IndexedEdge[] = []
    for (const { account: consumer } of people) {
      for (const { account: provider } of people) {
        const { served } = await getEdge(client, { networkId, consumer: consumer.address, provider: provider.address })
        if (served > 0n) edges.push([consumer.address, provider.address, served])
      }
    }
    return plain(edges)
  }

  it('reads every edge with what was served over it in all', async () => {
    await serve(0, 1, 5n)
    await serve(0, 1, 7n)
    await serve(1, 2, 11n)
    const indexer = createIndexer({ client, store: memoryStore(), networkId })
    const head = await indexer.sync()
    expect(head).to.equal(BigInt(await connection.networkHelpers.time.latestBlock()))
    expect(await edgesOf(indexer)).to.deep.equal(await onChain())
    expect(await indexer.edges()).to.have.lengthOf(2)
    expect((await indexer.edges()).map(([, , served]) => served)).to.have.members([12n, 11n])
  })

  it('goes on where it stopped, over restarts, and equals a rebuild at every step', async () => {
    const path = join(folder, 'restart.db')
    const steps = fc.array(
      fc.oneof(
        fc.record({ provider: fc.nat(2), consumer: fc.nat(2), amount: fc.bigInt(1n, 50n) }),
        fc.constantFrom('sync' as const, 'restart' as const, 'mine' as const),
      ),
      { minLength: 5, maxLength: 20 },
    )
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        networkId = await found()
        let store = sqliteStore(path)
        let indexer = createIndexer({ client, store, networkId })
        for (const step of sequence) {
          if (step === 'sync') {
            await indexer.sync()
            expect(await edgesOf(indexer)).to.deep.equal(await onChain())
          } else if (step === 'restart') {
            await store.close()
            store = sqliteStore(path)
            indexer = createIndexer({ client, store, networkId })
          } else if (step === 'mine') await mine()
          else await serve(step.provider, step.consumer, step.amount)
        }
        await indexer.sync()
        expect(await edgesOf(indexer)).to.deep.equal(await rebuilt())
        expect(await edgesOf(indexer)).to.deep.equal(await onChain())
        await store.close()
      }),
      { numRuns: 6, seed: 19 },
    )
  })

  it('does not read again what it has read', async () => {
    await serve(0, 1, 5n)
    const ranges: [bigint, bigint][] = []
    const watched = watching(market, async (method, params) => {
      if (method !== 'eth_getLogs') return
      const [{ fromBlock, toBlock } = {}] = params as { fromBlock?: string; toBlock?: string }[]
      ranges.push([BigInt(fromBlock ?? 0), BigInt(toBlock ?? 0)])
    })
    const indexer = createIndexer({ client: watched, store: memoryStore(), networkId })
    const first = await indexer.sync()
    await mine(3)
    const second = await indexer.sync()
    await indexer.sync()
    expect(ranges).to.deep.equal([
      [0n, first],
      [first + 1n, second],
    ])
  })

  it('asks for no more blocks at once than public nodes answer', async () => {
    await serve(0, 1, 5n)
    await mine(12_000)
    await serve(1, 2, 6n)
    const lengths: bigint[] = []
    const watched = watching(market, async (method, params) => {
      if (method !== 'eth_getLogs') return
      const [{ fromBlock, toBlock } = {}] = params as { fromBlock?: string; toBlock?: string }[]
      lengths.push(BigInt(toBlock ?? 0) - BigInt(fromBlock ?? 0) + 1n)
    })
    const indexer = createIndexer({ client: watched, store: memoryStore(), networkId })
    await indexer.sync()
    expect(await edgesOf(indexer)).to.deep.equal(await onChain())
    expect(lengths.length).to.be.greaterThan(2)
    expect(lengths.every((length) => length <= 5_000n)).to.equal(true)
  })

  it('starts where it is told to', async () => {
    await serve(0, 1, 5n)
    const fromBlock = BigInt(await connection.networkHelpers.time.latestBlock()) + 1n
    await serve(1, 2, 6n)
    const indexer = createIndexer({ client, store: memoryStore(), networkId, fromBlock })
    await indexer.sync()
    expect((await indexer.edges()).map(([, , served]) => served)).to.deep.equal([6n])
  })

  it('keeps networks apart in one store', async () => {
    const store = memoryStore()
    const other = await found()
    await serve(0, 1, 5n)
    await serve(0, 1, 8n, other)
    await serve(2, 1, 9n, other)
    const indexers = [networkId, other].map((id) => createIndexer({ client, store, networkId: id }))
    for (const indexer of indexers) await indexer.sync()
    const [first, second] = await Promise.all(indexers.map(edgesOf))
    expect(first).to.deep.equal(await rebuilt())
    expect(second).to.deep.equal(await rebuilt(other))
    expect([first?.length, second?.length]).to.deep.equal([1, 2])
  })

  describe('waits for confirmations', () => {
    it('and takes an event up when so many blocks lie on it', async () => {
      const indexer = createIndexer({ client, store: memoryStore(), networkId, confirmations: 3n })
      await serve(0, 1, 5n)
      for (let blocks = 0; blocks < 3; blocks++) {
        await indexer.sync()
        expect(await indexer.edges()).to.deep.equal([])
        await mine()
      }
      await indexer.sync()
      expect(await edgesOf(indexer)).to.deep.equal(await onChain())
    })

    it('also on a chain that is shorter than that', async () => {
      const young = await network.create()
      const { provider } = young
      const fresh = createWalletClient({ transport: custom(provider) })
      const indexer = createIndexer({ client: fresh, store: memoryStore(), networkId: 1n, confirmations: 100n })
      expect(await indexer.sync()).to.equal(-1n)
      expect(await indexer.edges()).to.deep.equal([])
    })
  })

  describe('after a reorg', () => {
    const fork = () => connection.networkHelpers.takeSnapshot()

    it('forgets the edges that the chain no longer has, and takes up the new ones', async () => {
      const indexer = createIndexer({ client, store: memoryStore(), networkId })
      await serve(0, 1, 5n)
      const before = await fork()
      await serve(0, 1, 100n)
      await serve(2, 1, 7n)
      await indexer.sync()
      await before.restore()
      await serve(1, 0, 9n)
      await mine(20)
      await indexer.sync()
      expect(await edgesOf(indexer)).to.deep.equal(await onChain())
      expect((await indexer.edges()).map(([, , served]) => served)).to.have.members([5n, 9n])
    })

    it('that leaves a shorter chain', async () => {
      const indexer = createIndexer({ client, store: memoryStore(), networkId })
      await serve(0, 1, 5n)
      const before = await fork()
      await serve(2, 1, 7n)
      await mine(10)
      await indexer.sync()
      await before.restore()
      await indexer.sync()
      expect(await edgesOf(indexer)).to.deep.equal(await onChain())
      expect(await indexer.edges()).to.have.lengthOf(1)
    })

    it('that leaves a chain which ends before the first block to read', async () => {
      const before = await fork()
      await mine(5)
      const fromBlock = BigInt(await connection.networkHelpers.time.latestBlock())
      const indexer = createIndexer({ client, store: memoryStore(), networkId, fromBlock })
      await serve(0, 1, 5n)
      await indexer.sync()
      expect(await indexer.edges()).to.have.lengthOf(1)
      await before.restore()
      await indexer.sync()
      expect(await indexer.edges()).to.deep.equal([])
    })

    it('in the middle of a long reading, at any point of it', async () => {
      // Two steps of reading lie between the edges, and the reorg takes the first one away.
      const start = await fork()
      for (let at = 0; at < 14; at++) {
        const before = await fork()
        await serve(0, 1, 5n)
        await mine(6_000)
        await serve(1, 2, 6n)
        let calls = 0
        const watched = watching(market, async (method) => {
          if (!['eth_getLogs', 'eth_getBlockByNumber', 'eth_blockNumber'].includes(method) || calls++ !== at) return
          await before.restore()
          await mine(6_100)
        })
        const indexer = createIndexer({ client: watched, store: memoryStore(), networkId })
        // A block that was there a moment ago may be missing: then the next reading decides.
        await indexer.sync().catch((error: unknown) => expect(error).to.be.instanceOf(ScripError))
        await indexer.sync()
        expect([at, await edgesOf(indexer)]).to.deep.equal([at, await onChain()])
        await start.restore()
      }
    })

    it('has the same edges in every order of events and reorgs', async () => {
      const steps = fc.array(
        fc.oneof(
          fc.record({ provider: fc.nat(2), consumer: fc.nat(2), amount: fc.bigInt(1n, 50n) }),
          fc.constantFrom('sync' as const, 'fork' as const, 'reorg' as const, 'mine' as const),
        ),
        { minLength: 4, maxLength: 16 },
      )
      await fc.assert(
        fc.asyncProperty(steps, async (sequence) => {
          networkId = await found()
          const indexer = createIndexer({ client, store: memoryStore(), networkId })
          let snapshot: Awaited<ReturnType<typeof fork>> | undefined
          for (const step of sequence) {
            if (step === 'sync') await indexer.sync()
            else if (step === 'fork') snapshot = await fork()
            else if (step === 'mine') await mine()
            else if (step === 'reorg') {
              await snapshot?.restore()
              snapshot = undefined
            } else await serve(step.provider, step.consumer, step.amount)
          }
          await indexer.sync()
          expect(await edgesOf(indexer)).to.deep.equal(await onChain())
        }),
        { numRuns: 10, seed: 23 },
      )
    })
  })

  describe('when the chain fails', () => {
    it('keeps what it has, and goes on when the chain is back', async () => {
      let isDown = true
      const watched = watching(market, async () => {
        if (isDown) throw Object.assign(new Error('down'), { code: -32_603 })
      })
      const indexer = createIndexer({ client: watched, store: memoryStore(), networkId })
      await serve(0, 1, 5n)
      await fails(indexer)
      isDown = false
      await indexer.sync()
      const known = await edgesOf(indexer)
      expect(known).to.deep.equal(await onChain())
      isDown = true
      await fails(indexer)
      expect(await edgesOf(indexer)).to.deep.equal(known)
    })

    it('for one call does not take that for a reorg', async () => {
      await serve(0, 1, 5n)
      let failing = ''
      let reads = 0
      const watched = watching(market, async (method) => {
        if (method === failing) {
          failing = ''
          throw Object.assign(new Error('down'), { code: -32_603 })
        }
        if (method === 'eth_getLogs') reads++
      })
      const store = memoryStore()
      const indexer = createIndexer({ client: watched, store, networkId })
      await indexer.sync()
      const before = reads
      failing = 'eth_getBlockByNumber'
      await fails(indexer)
      await indexer.sync()
      expect(reads).to.equal(before)
    })

    const fails = async (indexer: Indexer) => {
      const error = await indexer.sync().catch((reason: unknown) => reason)
      expect(error).to.be.instanceOf(ScripError)
    }
  })

  it('writes nothing that it cannot read again where the store fails', async () => {
    await serve(0, 1, 5n)
    const real = memoryStore()
    let isFull = true
    const store: Store = {
      ...real,
      write: async (changes) => {
        if (isFull) throw new ScripError('STORE_FAILED')
        await real.write(changes)
      },
    }
    const indexer = createIndexer({ client, store, networkId })
    const error = await indexer.sync().catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(ScripError).with.property('code', 'STORE_FAILED')
    expect(await indexer.edges()).to.deep.equal([])
    isFull = false
    await indexer.sync()
    expect(await edgesOf(indexer)).to.deep.equal(await onChain())
  })
})

/** A client of the market's own chain that tells of every request before it is sent. */
function watching({ provider }: Market, tell: (method: string, params: unknown) => Promise<void>): ScripClient {
  const request = async (call: { method: string; params?: unknown[] }) => {
    await tell(call.method, call.params)
    return provider.request(call)
  }
  return createWalletClient({ transport: custom({ request }, { retryCount: 0 }) })
}
