import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryStore, put, type Store, sqliteStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import { allPayeeRecords, readPayeeRecord } from '../../../sdk/channels/payeeRecords.ts'
import { channelTo, payeeOn, signChain } from './support/channels.ts'

const channel = channelTo()
const { id } = channel
const seen = { claimed: 0n, deposit: 1_000n, exitAt: 0 }

/** What a payee of its own finds in the store. */
const standing = (store: Store) => payeeOn(store).standing(id)

describe('the records of a payee', () => {
  it('write with a tick no more than the tick, and are read as one', async () => {
    const writes: string[] = []
    const inner = memoryStore()
    const store: Store = {
      ...inner,
      write: (changes) => {
        writes.push(changes.map((change) => ('record' in change ? Object.keys(change.record)[0] : '')).join(' '))
        return inner.write(changes)
      },
    }
    const payee = payeeOn(store)
    const chain = await signChain(channel, { total: 5n })
    await payee.observe(channel, seen)
    await payee.accept(chain.payment())
    await payee.accept(chain.tick(1))
    await payee.charge(id, 1n, 2)
    expect(writes).to.deep.equal(['progressOf vouchersOf channel', 'progressOf vouchersOf', 'progressOf', 'progressOf'])
    const { record } = await readPayeeRecord(store, id)
    expect(record).to.deep.include({ channel, state: seen, charged: 2n, voucher: chain.voucher })
    expect(record?.tick?.count).to.equal(1)
    expect(await allPayeeRecords(store)).to.deep.equal([record])
    expect(await standing(store)).to.include({ accepted: 6n, charged: 2n })
  })

  it('of an earlier version, which are whole, go on with a tick, a voucher, a charge, or a look at the chain', async () => {
    const chain = await signChain(channel, { total: 5n })
    const next = await signChain(channel, { total: 20n })
    const whole = { channel, state: seen, voucher: chain.voucher, charged: 3n }
    const after: Record<string, (payee: ReturnType<typeof payeeOn>) => Promise<unknown>> = {
      tick: (payee) => payee.accept(chain.tick(2)),
      voucher: (payee) => payee.accept(next.payment()),
      charge: (payee) => payee.charge(id, 1n, 1),
      look: (payee) => payee.observe(channel, { ...seen, deposit: 2_000n }),
    }
    for (const [first, step] of Object.entries(after)) {
      for (const [second, then] of Object.entries(after)) {
        const store = memoryStore()
        await store.write([put('payees', id, whole)])
        expect(await standing(store)).to.include({ accepted: 5n, charged: 3n })
        const payee = payeeOn(store)
        for (const work of [step, then]) await work(payee).catch(() => {})
        expect(await standing(store), `${first}, then ${second}`).to.deep.equal(await payee.standing(id))
        const [record] = await allPayeeRecords(store)
        expect(record?.voucher, `${first}, then ${second}`).to.deep.equal(
          first === 'voucher' || second === 'voucher' ? next.voucher : chain.voucher,
        )
      }
    }
  })

  it('are read by another process as they were at one moment', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'scrip-'))
    const path = join(folder, 'payee.db')
    const store = sqliteStore(path)
    const reader = sqliteStore(path, { readOnly: true })
    try {
      const payee = payeeOn(store)
      await payee.observe(channel, seen)
      for (let total = 10n; total < 200n; total += 10n) {
        const chain = await signChain(channel, { total })
        const writing = [payee.accept(chain.payment()), payee.accept(chain.tick(3))]
        const [before] = await allPayeeRecords(reader)
        // A tick never shows without its own voucher.
        const stated = before?.voucher ? before.voucher.total + BigInt(before.tick?.count ?? 0) : 0n
        expect(stated).to.equal(total === 10n ? 0n : total - 10n + 3n)
        await Promise.all(writing)
      }
    } finally {
      await reader.close()
      await store.close()
      rmSync(folder, { recursive: true })
    }
  })
})
