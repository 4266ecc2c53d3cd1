import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type PayeeRecord, paidTotal } from '@scrip/sdk/channels'
import { postgresStore, put, type Store } from '@scrip/sdk/store'
import { expect } from 'chai'
import { bytesToHex } from 'viem'
import { type Database, startDatabase } from '../../support/postgres.ts'
import { type Running, run } from '../store/support/run.ts'
import { channelTo, payeeOn, signChain } from './support/channels.ts'

const program = new URL('./support/payeeProcess.ts', import.meta.url)
const channel = channelTo({}, 20_000n)
const PROCESSES = 4
const CHARGES = 10_000n
/** What one process may have under way when it is killed. */
const AT_ONCE = 8

describe('several processes that serve one channel', function () {
  this.timeout(60_000)
  let database: Database
  let folder: string
  let store: Store
  const running: Running[] = []

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'scrip-processes-'))
    database = await startDatabase()
  })

  after(async () => {
    await Promise.all(running.map((process) => process.kill()))
    await store?.close()
    await database?.remove()
    rmSync(folder, { recursive: true })
  })

  /** Payments of 50 units each, ten to a voucher. */
  async function payments(): Promise<string[]> {
    const totals = Array.from({ length: Number(CHARGES) / 500 }, (_, index) => BigInt(index) * 500n)
    const chains = await Promise.all(totals.map((total) => signChain(channel, { total, maxTicks: 500 })))
    return chains.flatMap((chain) =>
      Array.from({ length: 10 }, (_, index) => bytesToHex(chain.payment(50 * (index + 1)))),
    )
  }

  it('spend each unit once, lose nothing that was acknowledged, and get over the death of one of them', async () => {
    const url = await database.schema()
    const file = join(folder, 'payments.json')
    writeFileSync(file, JSON.stringify(await payments()))
    store = await postgresStore(url)
    await payeeOn(store).observe(channel, { claimed: 0n, deposit: 20_000n, exitAt: 0 })

    const start = () => {
      const process = run(program, [url, file])
      running.push(process)
      return process
    }
    const lines = () => running.flatMap(({ lines }) => lines)
    const charged = () => BigInt(lines().filter((line) => line === 'charged').length)
    const paid = () => lines().reduce((sum, line) => sum + BigInt(/^paid (\d+)$/.exec(line)?.[1] ?? 0), 0n)

    const firstToCharge = async (): Promise<Running> => {
      const found = running.find(({ lines }) => lines.includes('charged'))
      if (found !== undefined) return found
      await pause(2)
      return firstToCharge()
    }

    let last = { accepted: 0n, charged: 0n }
    let looks = 0
    const look = async () => {
      const acknowledged = { charged: charged(), paid: paid() }
      const record = await store.get<PayeeRecord>('payees', channel.id)
      if (record === undefined) throw new Error('The record is gone.')
      const accepted = record.voucher ? paidTotal(record.voucher, record.tick?.count ?? 0) : 0n
      expect(accepted >= last.accepted, 'the total never falls').to.equal(true)
      expect(record.charged >= last.charged, 'nor does what was charged').to.equal(true)
      expect(record.charged <= accepted, 'nothing is charged that was not paid').to.equal(true)
      expect(record.charged >= acknowledged.charged, 'what was acknowledged is there').to.equal(true)
      expect(accepted >= acknowledged.paid, 'what was acknowledged is there').to.equal(true)
      last = { accepted, charged: record.charged }
      looks++
    }

    for (let process = 0; process < PROCESSES; process++) start()
    await Promise.all(running.map((process) => process.line(0)))
    await store.write([put('start', 'now', {})])
    let isOver = false
    const watching = (async () => {
      while (!isOver) {
        await look()
        await pause(20)
      }
    })()

    // One that charged something, long before all is charged, however the processes share the machine.
    const victim = await firstToCharge()
    const others = running.filter((process) => process !== victim)
    const moment = BigInt(Math.floor((Math.random() * Number(CHARGES)) / 3))
    while (charged() < moment) await pause(5)
    await victim.kill()
    const ending = [...others, start()].map((process) => process.end())
    await Promise.all([...ending, Promise.race([watching, Promise.all(ending)])])
    isOver = true
    await watching
    await look()

    expect(last).to.deep.equal({ accepted: CHARGES, charged: CHARGES })
    const lost = CHARGES - charged()
    expect(
      lost >= 0n && lost <= AT_ONCE,
      `${lost} units were charged by the process that died, and not served`,
    ).to.equal(true)
    expect(paid() <= CHARGES, 'no payment counts twice').to.equal(true)
    // How they share it is the machine's affair: on a busy one somebody may come too late for any.
    const served = running.filter(({ lines }) => lines.includes('charged'))
    expect(served).to.include(victim).and.to.have.length.above(1)
    const conflicts = lines().reduce((sum, line) => sum + Number(/^conflicts (\d+)$/.exec(line)?.[1] ?? 0), 0)
    expect(conflicts).to.be.greaterThan(0)
    console.log(
      `      ${conflicts} times another process was quicker; ${looks} looks at the record; ${lost} units lost`,
    )
  })
})
