import type { EdgeRecord } from '@scrip/sdk/chain'
import { memoryStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import fc from 'fast-check'
import { type Hex, pad, toHex } from 'viem'
import { createEdgeBook, type Position } from '../../../sdk/chain/createEdgeBook.ts'
import type { HistoryEvent } from '../../../sdk/chain/historyEvents.ts'
import { codeOf } from '../errors/support/refusal.ts'

const peer = (number: number) => pad(toHex(number + 1), { size: 20 })

/** Blocks that are read at once, each with the events in it: several may be of one edge. */
const someStep = fc.record({
  blocks: fc.array(
    fc.array(
      fc.record({
        consumer: fc.nat(1).map(peer),
        provider: fc.nat(1).map(peer),
        part: fc.constantFrom('served' as const, 'receipts' as const, 'faulted' as const),
        total: fc.bigInt(0n, 9n),
      }),
      { maxLength: 4 },
    ),
    { minLength: 1, maxLength: 5 },
  ),
  isSettled: fc.boolean(),
})
const someAct = fc.oneof(
  { weight: 5, arbitrary: someStep },
  { weight: 2, arbitrary: fc.record({ keep: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.constant('clear' as const) },
)

/** What a map of edges makes of events. */
type Model = ReadonlyMap<string, EdgeRecord>

function applied(model: Model, { consumer, provider, part, total }: HistoryEvent): Model {
  const key = `${consumer}/${provider}`
  const before = model.get(key) ?? { consumer, provider, served: 0n, receipts: 0n, faulted: 0n }
  return new Map(model).set(key, { ...before, [part]: total })
}

function counted(model: Model): EdgeRecord[] {
  return [...model.values()]
    .map((record) => ({ ...record, faulted: record.faulted < record.served ? record.faulted : record.served }))
    .filter(({ served, receipts }) => served + receipts > 0n)
}

describe('createEdgeBook', () => {
  it('has, at any checkpoint that it goes back to, what the events up to there make', async () => {
    let rollBacks = 0
    await fc.assert(
      fc.asyncProperty(fc.array(someAct, { minLength: 3, maxLength: 14 }), async (acts) => {
        const book = createEdgeBook(memoryStore(), 'test')
        /** What the edges were at each block, by its hash. */
        const models = new Map<Hex, Model>()
        let position: Position = await book.position()
        let present: Model = new Map()
        let told: Model = new Map()
        let forks = 0
        const follow = (records: readonly EdgeRecord[]) => {
          for (const record of records) told = new Map(told).set(`${record.consumer}/${record.provider}`, record)
        }
        for (const act of acts) {
          if (act === 'clear') {
            position = await book.clear(position)
            ;[present, told] = [new Map(), new Map()]
          } else if ('keep' in act) {
            const { checkpoints } = position
            if (checkpoints.length < 2) continue
            const keep = 1 + (act.keep % (checkpoints.length - 1))
            const moved = await book.rollBack(position, keep)
            position = moved.position
            present = models.get(position.checkpoints.at(-1)?.hash as Hex) as Model
            follow(moved.records)
            rollBacks++
          } else {
            const last = position.checkpoints.at(-1)?.block ?? 0n
            const fork = forks++
            const hashOf = (block: bigint) => pad(toHex(block * 1_000n + BigInt(fork)), { size: 32 })
            const events: HistoryEvent[] = []
            for (const [index, list] of act.blocks.entries()) {
              const block = last + 1n + BigInt(index)
              for (const event of list) {
                events.push({ ...event, block, blockHash: hashOf(block) })
                present = applied(present, events.at(-1) as HistoryEvent)
              }
              models.set(hashOf(block), present)
            }
            const block = last + BigInt(act.blocks.length)
            const settled = act.isSettled ? block : last
            const moved = await book.advance(position, { events, to: { block, hash: hashOf(block) }, settled })
            position = moved.position
            follow(moved.records)
          }
          expect(await book.position()).to.deep.equal(position)
          expect(await book.records()).to.have.deep.members(counted(present))
          expect(counted(told)).to.have.deep.members(counted(present))
        }
      }),
      { numRuns: 150 },
    )
    expect(rollBacks).to.be.greaterThan(50)
  })

  it('refuses whoever does not know the newest position, and keeps nothing of it', async () => {
    const book = createEdgeBook(memoryStore(), 'test')
    const start = await book.position()
    const to = { block: 1n, hash: pad('0x1', { size: 32 }) }
    const event: HistoryEvent = {
      block: 1n,
      blockHash: to.hash,
      consumer: peer(0),
      provider: peer(1),
      part: 'served',
      total: 5n,
    }
    await book.advance(start, { events: [event], to, settled: 0n })
    const late = { ...event, total: 7n }
    const works = [
      () => book.advance(start, { events: [late], to, settled: 0n }),
      () => book.rollBack(start, 0),
      () => book.clear(start),
    ]
    for (const work of works) expect(await codeOf(work)).to.equal('STORE_CONFLICT')
    expect((await book.records()).map(({ served }) => served)).to.deep.equal([5n])
  })
})
