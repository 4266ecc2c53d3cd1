import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { createPayer, type Payer } from '@scrip/sdk/channels'
import type { ScripError } from '@scrip/sdk/errors'
import { memoryStore, sqliteStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import { bytesToHex, type Hex, hexToBytes } from 'viem'
import { channelTo, payeeOn, signer } from '../channels/support/channels.ts'
import { createLedger, type Ledger } from './support/ledger.ts'
import { type Fault, names, type Point, points, type Use } from './support/points.ts'
import { type Running, run } from './support/run.ts'

const payeeProcess = new URL('./support/payeeProcess.ts', import.meta.url)
const channel = channelTo({}, 2n ** 90n)
/** Payments on their way at once. */
const IN_FLIGHT = 6
const KILLS = 200
/** Kills of each kind: at a point that the payee or the test waits for, and at any moment. */
const STEERED_EACH = 9
const LIVES_AT_MOST = 400

describe('a payee that is killed', () => {
  let folder: string
  let path: string
  let ledger: Ledger
  let payer: Payer
  let payments: Map<number, Hex>
  let spare: Running[]
  let living: Running | undefined

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'scrip-kills-'))
    path = join(folder, 'store.db')
    ledger = createLedger()
    payments = new Map()
    spare = []
    // Each payment carries its voucher: one that is sent again comes after newer ones.
    payer = createPayer({ channel, signer, store: memoryStore(), overtaking: true })
    const store = sqliteStore(path)
    await payeeOn(store).observe(channel, { claimed: 0n, deposit: channel.funded, exitAt: 0 })
    await store.close()
  })

  afterEach(async () => {
    for (const process of [...spare, ...(living === undefined ? [] : [living])]) await process.kill()
    rmSync(folder, { recursive: true })
  })

  /** One more payment, with what the payee is to do with it. */
  const pay = async () => {
    const number = payments.size
    const amount = number % 17 === 16 ? 300n : BigInt(1 + (number % 4))
    const use = (['now', 'later', 'now', 'failing', 'later'] as const satisfies Use[])[number % 5] as Use
    payments.set(number, bytesToHex(await payer.pay(amount)))
    ledger.send({ number, use, amount, total: await payer.paid() })
  }

  const linesOf = (sent: ReturnType<Ledger['unanswered']>) =>
    sent.map(({ number, use, amount }) => `${number} ${use} ${amount} ${payments.get(number)}\n`).join('')

  /** Starts a payee with everything that was not answered yet, and reads what it says until it ends. */
  const live = async (point: Point | 'none', passage: number, fault: Fault): Promise<Running> => {
    // The next one starts up while this one lives: that takes most of the time.
    while (spare.length < 2) spare.push(run(payeeProcess, []))
    const payee = spare.shift() as Running
    living = payee
    while (ledger.unanswered().length < IN_FLIGHT) await pay()
    payee.child.stdin.write(`start ${path} ${point} ${passage} ${fault}\n${linesOf(ledger.unanswered())}`)
    return payee
  }

  /** Takes what the payee says into the ledger, and pays more for what it answers. */
  const listen = async (payee: Running) => {
    for (let number = 0; ; number++) {
      const line = await payee.line(number).catch(() => undefined)
      if (line === undefined) return
      const [kind, first = '', ...rest] = line.split(' ')
      if (kind === 'failed') expect.fail(line)
      const [one = 0n, two = 0n, three = 0n] = rest.map(BigInt)
      if (kind === 'open') {
        expect(first).to.equal('ok')
        ledger.open({ accepted: one, charged: two, credit: three })
      } else if (kind === 'ack') {
        ledger.answer(Number(first), one, two, three)
        const before = ledger.unanswered().length
        if (before >= IN_FLIGHT || payee.child.killed) continue
        await pay()
        payee.child.stdin.write(linesOf(ledger.unanswered().slice(-1)))
      } else if (kind === 'charged') ledger.charge(Number(first), one)
      else ledger.giveBack(Number(first), one)
    }
  }

  /** Where the payee was: at the last point that it noted, or in the checkpoint that a commit went on with. */
  const whereabouts = (): Point => (isInCheckpoint(path) ? 'checkpoint' : notedAt(path))

  /** A life that ends by a kill. Says where, or nothing where no payment was on its way then. */
  const liveAndDie = async (point: Point | 'any', fault: Fault = 'none'): Promise<Point | undefined> => {
    const passage = point === 'opening' || point === 'unread' ? 1 : 1 + Math.floor(Math.random() * 3)
    const payee = await live(point === 'any' ? 'none' : point, passage, fault)
    // What the test finds wrong ends the payee, which would wait for payments for ever.
    const listening = listen(payee).catch(async (error) => {
      await payee.kill()
      throw error
    })
    listening.catch(() => {})
    if (point === 'checkpoint') {
      await payee.line(0)
      watchForCheckpoint(path, payee)
    } else if (point === 'any') {
      // Half of them after it opened: the time before is long, and nothing happens in it.
      if (Math.random() < 0.5) await payee.line(0).catch(() => {})
      await setTimeout(Math.random() * 12)
      await payee.kill()
    }
    await payee.closed
    await listening
    return ledger.unanswered().length > 0 ? whereabouts() : undefined
  }

  it('loses nothing that it acknowledged and doubles no credit, wherever it was', async function () {
    this.timeout(240_000)
    const steered = new Map<Point, number>(points.map((point) => [point, 0]))
    const random = new Map<Point, number>(points.map((point) => [point, 0]))
    const count = (map: Map<Point, number>) => [...map.values()].reduce((sum, kills) => sum + kills, 0)
    const missing = () => points.filter((point) => (steered.get(point) as number) < STEERED_EACH)
    // The checkpoints come last: they leave a large file.
    const order = [...points.filter((point) => point !== 'checkpoint'), 'checkpoint' as const]
    let lives = 0
    for (; lives < LIVES_AT_MOST; lives++) {
      const kills = count(steered) + count(random)
      if (kills >= KILLS && missing().length === 0) break
      const [target] = order.filter((point) => missing().includes(point))
      const left = missing().length * STEERED_EACH
      const goal = target !== undefined && (lives % 2 === 0 || kills + left >= KILLS) ? target : 'any'
      const where = await liveAndDie(goal)
      if (where === undefined) continue
      const map = goal === where ? steered : random
      map.set(where, (map.get(where) as number) + 1)
    }
    const rows = points.map((point) => {
      const [aimed, hit] = [steered.get(point) as number, random.get(point) as number]
      return `${names[point].padEnd(40)} ${String(aimed).padStart(5)} ${String(hit).padStart(5)}`
    })
    const kills = count(steered) + count(random)
    console.log(`      ${kills} kills with a payment in flight in ${lives} lives`)
    console.log(`      ${'the payee was'.padEnd(40)} aimed   any\n      ${rows.join('\n      ')}`)
    expect(missing()).to.deep.equal([])
    expect(kills).to.be.at.least(KILLS)
    expect(count(random)).to.be.at.least(KILLS / 3)

    // One that nobody kills takes the rest. What was paid is all there, once.
    const store = sqliteStore(path)
    const payee = payeeOn(store)
    for (const { number } of ledger.unanswered()) {
      // One that it had before, and a newer one too, is refused as stale: it is in the total.
      await payee.accept(hexToBytes(payments.get(number) as Hex)).catch((error) => {
        expect((error as ScripError).code).to.equal('STALE_PAYMENT')
      })
    }
    const { accepted, charged, credit } = await payee.standing(channel.id)
    expect(accepted).to.equal(ledger.paid())
    expect(credit).to.equal(accepted - charged)
    expect(charged >= ledger.served(), `${charged} charged, ${ledger.served()} served`).to.equal(true)
    expect(await payee.charge(channel.id, 1n, 2 ** 32)).to.equal(Number(credit))
    expect(await payee.charge(channel.id, 1n, 1)).to.equal(0)
    await store.close()
  })

  const faults: Record<'hasty' | 'forgetful', { point: Point; found: RegExp }> = {
    hasty: { point: 'transaction', found: /kept of .* acknowledged/ },
    forgetful: { point: 'committed', found: /charged .* that were/ },
  }

  for (const [fault, { point, found }] of Object.entries(faults)) {
    it(`is found out where it is ${fault}`, async function () {
      this.timeout(60_000)
      const lives = async () => {
        for (let life = 0; life < 40; life++) await liveAndDie(point, fault as Fault)
      }
      const failure = String(await lives().catch((error) => error))
      expect(failure, failure).to.match(found)
    })
  }
})

/** Kills the payee in the middle of the first checkpoint that it makes. */
function watchForCheckpoint(path: string, payee: Running): void {
  const end = performance.now() + 1_000
  while (!isInCheckpoint(path) && performance.now() < end);
  payee.child.kill('SIGKILL')
}

/** The last point that the payee noted. Killed before it could note any, it was before the first. */
function notedAt(path: string): Point {
  const noted = existsSync(`${path}.box`) ? readFileSync(`${path}.box`)[0] : undefined
  return points[noted ?? 0] as Point
}

/**
 * Whether a commit that was done goes on to bring the log into the file: more of the log was meant to be brought there than
 * is known to be there. The index of the log says both, after its two headers
 * (https://www.sqlite.org/walformat.html#the_wal_index_file_format). It says the same after a recovery, of a log that is
 * shorter than the one that SQLite brings in by itself.
 */
function isInCheckpoint(path: string): boolean {
  if (notedAt(path) !== 'commit' || !existsSync(`${path}-shm`)) return false
  const index = openSync(`${path}-shm`, 'r')
  try {
    const [done, begun] = [Buffer.alloc(4), Buffer.alloc(4)]
    readSync(index, done, 0, 4, 96)
    readSync(index, begun, 0, 4, 128)
    return begun.readUInt32LE() > done.readUInt32LE() && begun.readUInt32LE() >= 1_000
  } finally {
    closeSync(index)
  }
}
