import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import {
  addresses,
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
import { memoryStore, postgresStore, type Store, sqliteStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import fc from 'fast-check'
import { network } from 'hardhat'
import { createWalletClient, custom, http } from 'viem'
import { listen, type Market, openMarket, type Person } from '../../support/market.ts'
import { type Database, startDatabase } from '../../support/postgres.ts'

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
    const { length } = ranges
    await mine(3)
    const second = await indexer.sync()
    await indexer.sync()
    // The first reading goes in steps: what a reorg may still take back is a step of its own.
    for (const [index, [from]] of ranges.entries()) expect(from).to.equal((ranges[index - 1]?.[1] ?? -1n) + 1n)
    expect(ranges[length - 1]?.[1]).to.equal(first)
    expect(ranges.slice(length)).to.deep.equal([[first + 1n, second]])
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

  describe('with a node that limits what it answers', () => {
    let fromBlock: bigint
    beforeEach(async () => {
      fromBlock = BigInt(await connection.networkHelpers.time.latestBlock())
    })

    /** A node that refuses what `limit` says, in its words. */
    const limited = (
      limit: (blocks: bigint, logs: number) => string | undefined,
      error: object = { code: -32_000 },
    ) => {
      const { provider } = market
      const calls = { asked: 0, refused: 0 }
      const request = async ({ method, params }: { method: string; params?: unknown[] }) => {
        const answer = await provider.request({ method, ...(params && { params }) })
        if (method !== 'eth_getLogs') return answer
        calls.asked++
        const [{ fromBlock, toBlock } = {}] = params as { fromBlock?: string; toBlock?: string }[]
        const message = limit(BigInt(toBlock ?? 0) - BigInt(fromBlock ?? 0) + 1n, (answer as unknown[]).length)
        if (message === undefined) return answer
        calls.refused++
        throw Object.assign(new Error(message), error)
      }
      const client: ScripClient = createWalletClient({ transport: custom({ request }, { retryCount: 0 }) })
      return { indexer: createIndexer({ client, store: memoryStore(), networkId, fromBlock }), calls }
    }

    /** What nodes say, and the code they say it with. */
    const wordings: [string, object][] = [
      ['exceed maximum block range: 10', { code: -32_000 }],
      ['eth_getLogs is limited to a 10 block range', { code: -32_614 }],
      ['query returned more than 10000 results. Try with this block range [0x1, 0x2].', { code: -32_005 }],
      ['Log response size exceeded.', { code: -32_602 }],
      ['block range is too wide', { code: -32_600 }],
      ['query timeout exceeded', { code: -32_603 }],
      ['whatever', { code: -1 }],
    ]
    for (const [words, error] of wordings) {
      it(`asks for less at once: ${words}`, async () => {
        await serve(0, 1, 5n)
        await mine(150)
        await serve(1, 2, 6n)
        const { indexer, calls } = limited((blocks) => (blocks > 40n ? words : undefined), error)
        await indexer.sync()
        expect(await edgesOf(indexer)).to.deep.equal(await onChain())
        expect(calls.refused).to.be.greaterThan(0)
      })
    }

    it('finds out anew how much there may be, but seldom in vain', async () => {
      await serve(0, 1, 5n)
      await mine(2_000)
      await serve(1, 2, 6n)
      const { indexer, calls } = limited((blocks) => (blocks > 100n ? 'too many blocks' : undefined))
      await indexer.sync()
      expect(await edgesOf(indexer)).to.deep.equal(await onChain())
      const least = (calls.asked - calls.refused) / 2
      expect(calls.refused, `${calls.refused} of ${calls.asked}`).to.be.lessThan(least)
      expect(calls.asked).to.be.lessThan(50)
    })

    it('halves down to a block where the logs are dense, and says so where a block alone is too much', async () => {
      await serve(0, 1, 5n)
      await serve(1, 2, 6n)
      await serve(2, 0, 7n)
      const dense = limited((_, logs) => (logs > 1 ? 'query returned more than 1 results' : undefined))
      await dense.indexer.sync()
      expect(await edgesOf(dense.indexer)).to.deep.equal(await onChain())
      const none = limited((_, logs) => (logs > 0 ? 'query returned more than 0 results' : undefined))
      const error = await none.indexer.sync().catch((reason: unknown) => reason)
      expect(error).to.be.instanceOf(ScripError).with.property('code', 'LOGS_REFUSED')
      expect((error as ScripError).message).to.contain('query returned more than 0 results')
    })

    it('does not ask again and again where it is asked too often', async () => {
      await serve(0, 1, 5n)
      for (const [words, error] of [
        ['daily request count exceeded, request rate limited', { code: -32_005 }],
        ['Too Many Requests', { code: 429 }],
      ] as [string, object][]) {
        const { indexer, calls } = limited(() => words, error)
        const failure = await indexer.sync().catch((reason: unknown) => reason)
        expect(failure).to.be.instanceOf(ScripError).with.property('code', 'LOGS_REFUSED')
        expect(calls.asked).to.equal(1)
      }
    })

    it('over HTTP, by status', async () => {
      await serve(0, 1, 5n)
      await mine(100)
      let refused = 0
      const site = await listen(async (request, response) => {
        let body = ''
        for await (const piece of request) body += piece
        const { id, method, params } = JSON.parse(body)
        const range = method === 'eth_getLogs' ? Number(params[0].toBlock) - Number(params[0].fromBlock) : 0
        if (range > 30) {
          refused++
          response.writeHead(range % 2 === 0 ? 413 : 400).end('{"error":{"code":-32600,"message":"too wide"}}')
          return
        }
        const result = await market.provider.request({ method, params })
        response.end(JSON.stringify({ jsonrpc: '2.0', id, result }))
      })
      try {
        const remote: ScripClient = createWalletClient({ transport: http(site.url, { retryCount: 0 }) })
        const indexer = createIndexer({ client: remote, store: memoryStore(), networkId, fromBlock })
        await indexer.sync()
        expect(await edgesOf(indexer)).to.deep.equal(await onChain())
        expect(refused).to.be.greaterThan(0)
      } finally {
        await site.close()
      }
    })
  })

  it('writes down nothing that comes from a fork which the node is not on', async () => {
    await serve(0, 1, 5n)
    const other = `0x${'12'.repeat(32)}`
    let forked = 0
    const request = async ({ method, params }: { method: string; params?: unknown[] }) => {
      const answer = await market.provider.request({ method, ...(params && { params }) })
      if (method !== 'eth_getLogs' || forked-- <= 0) return answer
      return (answer as object[]).map((log) => ({ ...log, blockHash: other, data: `0x${'00'.repeat(31)}77` }))
    }
    const twofold: ScripClient = createWalletClient({ transport: custom({ request }, { retryCount: 0 }) })
    const indexer = createIndexer({ client: twofold, store: memoryStore(), networkId })
    forked = 100
    const error = await indexer.sync().catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(ScripError).with.property('code', 'RPC_INCONSISTENT')
    expect(await indexer.edges()).to.deep.equal([])
    // Nor what lies beyond the blocks that were asked for.
    const beyond = async ({ method, params }: { method: string; params?: unknown[] }) => {
      const answer = await market.provider.request({ method, ...(params && { params }) })
      return method === 'eth_getLogs'
        ? (answer as object[]).map((log) => ({ ...log, blockNumber: '0xffffff' }))
        : answer
    }
    const lost = createIndexer({
      client: createWalletClient({ transport: custom({ request: beyond }, { retryCount: 0 }) }),
      store: memoryStore(),
      networkId,
    })
    const failure = await lost.sync().catch((reason: unknown) => reason)
    expect(failure).to.be.instanceOf(ScripError).with.property('code', 'RPC_INCONSISTENT')
    expect(await lost.edges()).to.deep.equal([])
    forked = 2
    await indexer.sync()
    expect(await edgesOf(indexer)).to.deep.equal(await onChain())
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

  describe('reads a file of logs', () => {
    /** The logs of the whole chain, as the node answers them, a line each. */
    const linesOfChain = async () => {
      const logs = await market.provider.request({
        method: 'eth_getLogs',
        params: [{ address: addresses.interactionHistory, fromBlock: '0x0', toBlock: 'latest' }],
      })
      return (logs as object[]).map((log) => JSON.stringify(log))
    }
    const load = (indexer: Indexer, text: string, pieces = 7) => {
      const length = Math.max(1, Math.ceil(text.length / pieces))
      const split = Array.from({ length: pieces }, (_, index) => text.slice(index * length, (index + 1) * length))
      return indexer.load(Readable.from(split))
    }
    const filled = async () => {
      for (let round = 0; round < 4; round++) {
        await serve(0, 1, 5n)
        await serve(1, 2, 6n)
        await serve(2, 0, 7n)
      }
      return linesOfChain()
    }
    const fresh = () => createIndexer({ client, store: memoryStore(), networkId })

    it('up to its last block, from which the chain goes on', async () => {
      const lines = await filled()
      let first: bigint | undefined
      const watched = watching(market, async (method, params) => {
        if (method === 'eth_getLogs') first ??= BigInt((params as { fromBlock: string }[])[0]?.fromBlock ?? 0)
      })
      const indexer = createIndexer({ client: watched, store: memoryStore(), networkId })
      const head = await load(indexer, `${lines.join('\n')}\n`)
      expect(head < BigInt(JSON.parse(lines.at(-1) ?? '').blockNumber)).to.equal(true)
      expect(await indexer.edges()).to.have.lengthOf(3)
      await serve(0, 2, 9n)
      await indexer.sync()
      expect(first).to.equal(head + 1n)
      expect(await edgesOf(indexer)).to.deep.equal(await onChain())
    })

    it('in pieces of any size, with or without a newline at the end, and again without doubling anything', async () => {
      const lines = await filled()
      const indexer = fresh()
      const text = lines.join('\r\n\n')
      let before = -1n
      for (const pieces of [1, 2, 400]) {
        const head = await load(indexer, text, pieces)
        expect(before === -1n || head === before).to.equal(true)
        before = head
      }
      await indexer.sync()
      expect(await edgesOf(indexer)).to.deep.equal(await onChain())
    })

    it('that grew since, and takes only what is new', async () => {
      const lines = await filled()
      const indexer = fresh()
      await load(indexer, lines.slice(0, lines.length - 5).join('\n'))
      await load(indexer, lines.join('\n'))
      await indexer.sync()
      expect(await edgesOf(indexer)).to.deep.equal(await onChain())
    })

    it('and starts anew where the chain does not have its blocks', async () => {
      const lines = await filled()
      const indexer = fresh()
      const other = lines.map((line) => JSON.stringify({ ...JSON.parse(line), blockHash: `0x${'77'.repeat(32)}` }))
      await load(indexer, other.join('\n'))
      expect(await indexer.edges()).to.have.length.greaterThan(0)
      await indexer.sync()
      expect(await edgesOf(indexer)).to.deep.equal(await onChain())
    })

    it('and says which line is none, keeping what came before', async () => {
      const lines = await filled()
      const swapped = [...lines]
      swapped.push(swapped[lines.length - 4] ?? '')
      const bad: [string, string][] = [
        [`${lines.join('\n').slice(0, -40)}`, `Line ${lines.length} is no log`],
        [[...lines, '7'].join('\n'), `Line ${lines.length + 1} is no log`],
        [[...lines, 'null'].join('\n'), `Line ${lines.length + 1} is no log`],
        [[...lines, '{}'].join('\n'), `Line ${lines.length + 1}: This is no log`],
        [[...lines, '[]'].join('\n'), `Line ${lines.length + 1}: This is no log`],
        [swapped.join('\n'), `Line ${lines.length + 1} has a log of block`],
        [`${lines.join('\n')}\n${'x'.repeat(3 << 20)}`, `Line ${lines.length + 1} is no log`],
      ]
      for (const [text, message] of bad) {
        const indexer = fresh()
        const error = await load(indexer, text).catch((reason: unknown) => reason)
        expect(error, message).to.be.instanceOf(ScripError).with.property('code', 'LOG_MALFORMED')
        expect((error as ScripError).message).to.contain(message)
        await indexer.sync()
        expect(await edgesOf(indexer)).to.deep.equal(await onChain())
      }
    })

    it('and takes the rest another time where the disk fails half-way', async () => {
      const lines = await filled()
      const store = memoryStore()
      const indexer = createIndexer({ client, store, networkId })
      async function* half() {
        yield lines.slice(0, 8).join('\n')
        throw new Error('The disk is gone.')
      }
      const error = await indexer.load(half()).catch((reason: unknown) => reason)
      expect(String(error)).to.contain('The disk is gone.')
      await load(indexer, lines.join('\n'))
      await indexer.sync()
      expect(await edgesOf(indexer)).to.deep.equal(await onChain())
    })
  })

  describe('with others', () => {
    let database: Database
    before(async () => {
      database = await startDatabase()
    })
    after(() => database.remove())

    /** A graph that follows an indexer. */
    const following = async (indexer: Indexer) => {
      const graph = { present: new Map<string, bigint>(), wholes: 0 }
      const end = await indexer.subscribe((records, isWhole) => {
        if (isWhole) {
          graph.present.clear()
          graph.wholes++
        }
        for (const { consumer, provider, served } of records) {
          if (served > 0n) graph.present.set(`${consumer} ${provider}`, served)
          else graph.present.delete(`${consumer} ${provider}`)
        }
      })
      const lines = () => [...graph.present].map(([pair, served]) => `${pair} ${served}`).sort()
      return { graph, lines, end }
    }

    it('shares a database, also while the chain changes under both, and tells its subscribers of what the other read', async () => {
      const url = await database.schema()
      const stores = await Promise.all([postgresStore(url), postgresStore(url)])
      const [one, two] = stores.map((store) => createIndexer({ client, store, networkId })) as [Indexer, Indexer]
      const followers = await Promise.all([following(one), following(two)])
      for (let round = 0; round < 4; round++) {
        await serve(0, 1, 5n)
        const snapshot = await connection.networkHelpers.takeSnapshot()
        await serve(round % 3, (round + 1) % 3, 6n)
        await Promise.all([one.sync(), two.sync()])
        if (round % 2 === 1) {
          await snapshot.restore()
          await serve(2, 1, 3n)
          await mine(round)
          await (round === 1 ? one : two).sync()
        }
        // Whoever read nothing itself hears of it with its next reading.
        for (const indexer of [one, two]) await indexer.sync()
        for (const indexer of [one, two]) expect(await edgesOf(indexer)).to.deep.equal(await onChain())
        for (const { lines } of followers) expect(lines()).to.deep.equal(await onChain())
      }
      await Promise.all(stores.map((store) => store.close()))
    })

    it('goes on in PostgreSQL where it stopped', async () => {
      const url = await database.schema()
      await serve(0, 1, 5n)
      for (let life = 0; life < 3; life++) {
        const store = await postgresStore(url)
        const indexer = createIndexer({ client, store, networkId })
        const snapshot = await connection.networkHelpers.takeSnapshot()
        await serve(1, 2, 6n)
        await indexer.sync()
        if (life === 1) await snapshot.restore()
        await store.close()
      }
      const store = await postgresStore(url)
      const indexer = createIndexer({ client, store, networkId })
      await indexer.sync()
      expect(await edgesOf(indexer)).to.deep.equal(await onChain())
      await store.close()
    })

    it('tells of all edges first, then of what changes, until nobody listens any more', async () => {
      await serve(0, 1, 5n)
      const indexer = createIndexer({ client, store: memoryStore(), networkId })
      await indexer.sync()
      const { graph, lines, end } = await following(indexer)
      expect(lines()).to.deep.equal(await onChain())
      await Promise.all([indexer.sync(), serve(1, 2, 6n)])
      await indexer.sync()
      expect(lines()).to.deep.equal(await onChain())
      expect(graph.wholes).to.equal(1)
      const known = lines()
      end()
      await serve(2, 0, 6n)
      await indexer.sync()
      expect(lines()).to.deep.equal(known)
    })
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
