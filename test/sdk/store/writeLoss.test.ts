import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPayer } from '@scrip/sdk/channels'
import { memoryStore, sqliteStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import { bytesToHex } from 'viem'
import { channelTo, payeeOn, signer } from '../channels/support/channels.ts'
import type { Fault } from './support/points.ts'
import { type Call, type Fate, losePower, readTrace, TRACED } from './support/powerLoss.ts'
import { run } from './support/run.ts'

const payeeProcess = new URL('./support/payeeProcess.ts', import.meta.url)
const channel = channelTo({}, 2n ** 90n)
const PAYMENTS = 24

/**
 * A kill loses nothing that a process wrote: the kernel has it. A loss of power does. The model: strace notes what a payee
 * writes to each file, what it flushes, and what it acknowledges, in one order. Power is lost after each of those calls; of
 * each file, what was written up to its last fsync or fdatasync is there, and of every 512 bytes written since, nothing
 * (dropped) or any half (torn), in any order. That a new file's name is there once the file was flushed is taken for
 * granted, and so is that the disk does as it says.
 */
describe('a payee whose power is lost', () => {
  let folder: string
  let original: ReadonlyMap<string, Buffer>

  before(function () {
    try {
      execFileSync('strace', ['-qq', '-o', '/dev/null', 'true'], { stdio: 'ignore' })
    } catch {
      console.log('      no strace that may trace: the model of lost writes is skipped')
      this.skip()
    }
  })

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'scrip-power-'))
  })

  afterEach(() => rmSync(folder, { recursive: true }))

  /** The calls of a payee that takes payments, alone and some at once. */
  const calls = async (fault: Fault): Promise<Call[]> => {
    const [path, trace] = [join(folder, 'store.db'), join(folder, 'trace')]
    const store = sqliteStore(path)
    await payeeOn(store).observe(channel, { claimed: 0n, deposit: channel.funded, exitAt: 0 })
    await store.close()
    original = new Map([['store.db', readFileSync(path)]])
    const payer = createPayer({ channel, signer, store: memoryStore() })
    const payee = run(payeeProcess, [], `exec strace -f -qq -y -xx -s 70000 -e trace=${TRACED} -o ${trace} "$@"`)
    payee.child.stdin.write(`start ${path} none 1 ${fault}\n`)
    await payee.line(0)
    for (let number = 0, line = 1; number < PAYMENTS; ) {
      const together = number % 3 === 0 ? 1 : 5
      for (let i = 0; i < together; i++, number++) {
        const amount = number % 7 === 6 ? 300n : 1n
        payee.child.stdin.write(`${number} now ${amount} ${bytesToHex(await payer.pay(amount))}\n`)
      }
      await payee.line(line + together - 1)
      line += together
    }
    payee.child.stdin.end()
    await payee.closed
    return readTrace(trace)
  }

  /** What was lost after each call: nothing, or how it came to light. */
  const losses = async (all: readonly Call[], fate: Fate): Promise<{ lost: string[]; cuts: number; acks: number }> => {
    const lost: string[] = []
    let [cuts, acks, acknowledged, charged] = [0, 0, 0n, 0n]
    let seed = 1
    const random = () => {
      seed = (Math.imul(seed, 48_271) >>> 0) % 2_147_483_647
      return seed / 2_147_483_647
    }
    for (const [index, call] of all.entries()) {
      if (call.kind === 'say') {
        const [kind, , total = '0', , held = '0'] = call.text.trim().split(' ')
        if (kind !== 'ack') continue
        acks++
        acknowledged = BigInt(total)
        charged += BigInt(held)
      }
      if (acks === 0) continue
      const left = join(folder, `${fate} ${cuts++}`)
      losePower(original, all.slice(0, index + 1), fate, left, random)
      const standing = await standingIn(join(left, 'store.db'))
      rmSync(left, { recursive: true })
      if (typeof standing === 'string') lost.push(standing)
      else if (standing.accepted < acknowledged) lost.push(`${standing.accepted} of ${acknowledged}`)
      else if (standing.charged < charged) lost.push(`charged ${standing.charged} of ${charged}`)
      else if (standing.credit !== standing.accepted - standing.charged) lost.push(`credit ${standing.credit}`)
    }
    return { lost, cuts, acks }
  }

  const standingIn = async (path: string) => {
    try {
      const store = sqliteStore(path)
      try {
        return await payeeOn(store).standing(channel.id)
      } finally {
        await store.close()
      }
    } catch (error) {
      return String(error)
    }
  }

  it('loses nothing that it acknowledged, whichever unflushed writes are lost or torn', async () => {
    const all = await calls('none')
    for (const fate of ['dropped', 'torn'] as const) {
      const { lost, cuts, acks } = await losses(all, fate)
      expect(lost, fate).to.deep.equal([])
      expect(acks).to.be.at.least(PAYMENTS)
      expect(cuts).to.be.greaterThan(acks)
    }
  }).timeout(60_000)

  for (const [fault, why] of [
    ['lazy', 'flushes no commit'],
    ['hasty', 'acknowledges before the commit'],
  ] as const) {
    it(`is found out where it ${why}`, async () => {
      const { lost } = await losses(await calls(fault), 'dropped')
      expect(
        lost.some((loss) => /^\d+ of \d+$/.test(loss)),
        lost.join(', '),
      ).to.equal(true)
    }).timeout(60_000)
  }
})
