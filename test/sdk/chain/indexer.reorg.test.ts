import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createIndexer, type EdgeRecord, type Indexer, type ScripClient } from '@scrip/sdk/chain'
import { Graph } from '@scrip/sdk/reputation'
import { memoryStore, type Store, sqliteStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import fc from 'fast-check'
import { createWalletClient, custom, type Hex } from 'viem'
import { addresses } from '../../../sdk/chain/addresses.ts'
import { type LocalChain, startAnvil } from '../../support/chain.ts'
import { type Running, run } from '../store/support/run.ts'
import { type Deal, openTrade, rowOf, type Trade } from './support/trade.ts'

const DEPTH = 64
const indexerProcess = new URL('./support/indexerProcess.ts', import.meta.url)

describe('createIndexer across reorgs', function () {
  this.timeout(120_000)
  const folder = mkdtempSync(join(tmpdir(), 'scrip-reorg-'))
  let chain: LocalChain
  let trade: Trade

  before(async () => {
    chain = await startAnvil()
    trade = await openTrade(chain.url)
  })
  after(async () => {
    await chain?.stop()
    rmSync(folder, { recursive: true })
  })

  const indexerOn = (store: Store, client: ScripClient = trade.client) =>
    createIndexer({ client, store, networkId: trade.networkId })
  const edgesOf = async (indexer: Indexer) =>
    (await indexer.records())
      .filter(({ served, receipts }) => served + receipts > 0n)
      .map(rowOf)
      .sort()

  /** What the indexer must have: what the contract says, and what a new one reads from the beginning. */
  const expectRight = async (indexer: Indexer, what = '') => {
    const fresh = indexerOn(memoryStore())
    await fresh.sync()
    const edges = await edgesOf(indexer)
    expect(edges, what).to.deep.equal(await trade.edges())
    expect(await indexer.records(), what).to.have.deep.members(await fresh.records())
  }

  /** Someone who watches what the indexer asks for. */
  const watching = () => {
    const asked: bigint[] = []
    const request = async ({ method, params }: { method: string; params?: unknown }) => {
      if (method === 'eth_getLogs') asked.push(BigInt((params as [{ fromBlock: Hex }])[0].fromBlock))
      return trade.rpc(method, ...((params ?? []) as unknown[]))
    }
    return { asked, client: createWalletClient({ transport: custom({ request }, { retryCount: 0 }) }) as ScripClient }
  }

  it(`takes back what any reorg of up to ${DEPTH} blocks took away, and reads only what came instead`, async () => {
    const { asked, client } = watching()
    const indexer = indexerOn(memoryStore(), client)
    await indexer.sync()
    for (let depth = 1; depth <= DEPTH; depth += depth < 9 ? 1 : 11) {
      for (let filled = 0; filled < depth; filled += 4) {
        await trade.mine(2)
        await trade.settle([{ pair: filled, amount: BigInt(filled + 1) }])
        if (filled % 16 === 0) await indexer.sync()
      }
      await indexer.sync()
      const head = await trade.head()
      const before = await edgesOf(indexer)
      await trade.reorg(depth)
      expect(await trade.edges(), 'the reorg took something away').to.not.deep.equal(before)
      if (depth % 2 === 0) await trade.settle([{ pair: depth, amount: 7n }])
      asked.length = 0
      await indexer.sync()
      await expectRight(indexer, `${depth} deep`)
      const [first = 0n] = asked
      // Back to the last block before it that had an event or was the last one read: not further than eight blocks.
      expect(asked.length > 0 && first > head - BigInt(depth) - 8n, `${first} of ${head}, ${depth} deep`).to.equal(true)
    }
    // The last one, to the block.
    expect((DEPTH - 9) % 11).to.equal(0)
  })

  it('reads everything again after a reorg that is deeper than it remembers', async () => {
    const { asked, client } = watching()
    const indexer = indexerOn(memoryStore(), client)
    await trade.mine(200)
    await trade.settle([{ pair: 0, amount: 5n }])
    await trade.mine(60)
    await trade.settle([{ pair: 1, amount: 5n }])
    await trade.mine(140)
    await indexer.sync()
    await trade.reorg(210)
    asked.length = 0
    await indexer.sync()
    expect(asked[0]).to.equal(0n)
    await expectRight(indexer)
  })

  it('follows a chain that is shorter after the reorg', async () => {
    const indexer = indexerOn(memoryStore())
    await indexer.sync()
    for (let pair = 0; pair < 6; pair++) await trade.settle([{ pair, amount: 9n }])
    await indexer.sync()
    await trade.reorg(12, true)
    await indexer.sync()
    await expectRight(indexer)
  })

  const someDeal: fc.Arbitrary<Deal> = fc
    .record({
      pair: fc.nat(5),
      amount: fc.bigInt(1n, 999n),
      kind: fc.option(fc.constantFrom('receipt' as const, 'fault' as const), { nil: undefined, freq: 2 }),
    })
    .map(({ kind, ...deal }) => (kind === undefined ? deal : { ...deal, kind }))
  type Act = { deals: Deal[] } | { mine: number } | { reorg: number } | 'sync' | 'restart'
  const someAct: fc.Arbitrary<Act> = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        deals: fc.array(someDeal, { minLength: 1, maxLength: 3 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ mine: fc.integer({ min: 1, max: 40 }) }) },
    { weight: 3, arbitrary: fc.record({ reorg: fc.integer({ min: 1, max: DEPTH }) }) },
    { weight: 4, arbitrary: fc.constant('sync' as const) },
    { weight: 2, arbitrary: fc.constant('restart' as const) },
  )

  it('equals a rebuild after any sequence of blocks, reorgs and restarts, and so does a graph that follows', async () => {
    let files = 0
    const sequences = fc.array(someAct, { minLength: 6, maxLength: 24 })
    await fc.assert(
      fc.asyncProperty(sequences, fc.constantFrom(0n, 3n), async (acts, confirmations) => {
        const path = join(folder, `${files++}.db`)
        let graph = Graph.fromEdges([])
        const follow = (records: readonly EdgeRecord[], isWhole: boolean) => {
          if (isWhole) graph = Graph.fromEdges([])
          for (const { consumer, provider, served } of records) graph.set(consumer, provider, served)
        }
        const parameters = { client: trade.client, networkId: trade.networkId, confirmations }
        let store = sqliteStore(path)
        const open = async () => {
          const indexer = createIndexer({ ...parameters, store })
          await indexer.subscribe(follow)
          return indexer
        }
        let indexer = await open()
        // Room for the deepest one.
        await trade.mine(DEPTH)
        for (const act of [...acts, 'sync' as const]) {
          if (act === 'restart') {
            await store.close()
            store = sqliteStore(path)
            indexer = await open()
          } else if (act === 'sync') {
            const head = await indexer.sync()
            expect(head).to.equal((await trade.head()) - confirmations)
            const rebuilt = createIndexer({ ...parameters, store: memoryStore() })
            await rebuilt.sync()
            expect(await indexer.records()).to.have.deep.members(await rebuilt.records())
            if (confirmations === 0n) expect(await edgesOf(indexer)).to.deep.equal(await trade.edges())
            const settled = await indexer.edges()
            expect([...graph.edges()]).to.have.deep.members(settled)
            expect(graph.edgeCount).to.equal(settled.length)
          } else if ('deals' in act) await trade.settle(act.deals)
          else if ('mine' in act) await trade.mine(act.mine)
          else await trade.reorg(act.reorg)
        }
        await store.close()
      }),
      { numRuns: 8, seed: 64, endOnFailure: true },
    )
  })

  it('leaves the edges of one block or another, wherever it is killed, and goes on from there', async () => {
    const path = join(folder, 'killed.db')
    const table = `checkpoints/31337/${addresses.interactionHistory.toLowerCase()}/${trade.networkId}`
    /** What the chain said at each block that it ever had. */
    const states = new Map<string, string[]>()
    const note = async (first: bigint) => {
      const numbers: bigint[] = []
      for (let number = await trade.head(); number >= first; number--) numbers.push(number)
      const look = async (number: bigint) => {
        const { hash } = (await trade.rpc('eth_getBlockByNumber', `0x${number.toString(16)}`, false)) as { hash: Hex }
        states.set(hash, await trade.edges(number))
      }
      await Promise.all(numbers.map(look))
    }
    let spare: Running[] = []
    const where = new Map<string, number>()
    let living: Running | undefined
    // Nothing before is in any reach.
    await trade.mine(60)
    await note(await trade.head())
    const first = sqliteStore(path)
    await indexerOn(first).sync()
    await first.close()
    try {
      for (let life = 0; life < 12; life++) {
        while (spare.length < 2) spare.push(run(indexerProcess, [chain.url, `${trade.networkId}`, path]))
        const [killed, ...others] = spare as [Running, ...Running[]]
        spare = others
        living = killed
        const start = await trade.head()
        await trade.settle([{ pair: life, amount: BigInt(life + 1) }])
        await trade.settle([
          { pair: life + 1, amount: 3n },
          { pair: life + 2, amount: 4n, kind: 'receipt' },
        ])
        await note(start + 1n)
        // A reorg for every other life; then a write goes back, and the next one on.
        if (life % 2 === 1) {
          const depth = 3 + 2 * life
          const stayed = await trade.reorg(depth)
          await trade.settle([{ pair: life, amount: 2n }])
          await note(stayed + 1n)
        }
        const point = (['before', 'after', 'never'] as const)[life % 3]
        const write = life % 4 < 2 ? 0 : 1
        killed.child.stdin.write(`${point} ${write}\n`)
        // Without a write more nobody dies by himself.
        const settled = killed.line(1).then(
          () => killed.kill(),
          () => {},
        )
        await killed.closed
        await settled
        const store = sqliteStore(path)
        const { checkpoints = [] } = (await store.get<{ checkpoints: { hash: Hex }[] }>(table, 'last')) ?? {}
        const at = checkpoints.at(-1)?.hash
        const edges = await edgesOf(indexerOn(store))
        const expected = at === undefined ? [] : states.get(at)
        expect(edges, `${point} ${write}, at ${at}`).to.deep.equal(expected)
        where.set(`${point} ${killed.lines.length > 1 ? 'idle' : write}`, life)
        await store.close()
      }
    } finally {
      for (const process of [...spare, ...(living === undefined ? [] : [living])]) await process.kill()
    }
    expect([...where.keys()]).to.include.members(['before 0', 'after 0', 'after 1'])
    const store = sqliteStore(path)
    const indexer = indexerOn(store)
    await indexer.sync()
    await expectRight(indexer)
    await store.close()
  })
})
