import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { createPayer, decodePayment, type PayerRecord, type VoucherSigner } from '@scrip/sdk/channels'
import { type Store, sqliteStore } from '@scrip/sdk/store'
import { expect } from 'chai'
import { type Hex, hexToBytes } from 'viem'
import { run } from '../store/support/run.ts'
import { channelTo, payeeOn } from './support/channels.ts'
import { watch } from './support/watch.ts'

const channel = channelTo({}, 2n ** 90n)

describe('a payer that crashes', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'scrip-payer-'))
  })

  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('never signs or reveals more than it meant to pay, wherever in a payment it crashes', async () => {
    const before = [5n, 1n, 300n, 2n, 2n, 700n, 1n]
    const afterwards = [1n, 400n, 3n]

    /** Plays the payments and crashes at the moment of that number; false where there are fewer moments. */
    const crashAt = async (crash: number): Promise<boolean> => {
      const watched = watch(channel)
      const [home, image] = [join(folder, `home ${crash}`), join(folder, `image ${crash}`)]
      mkdirSync(home)
      mkdirSync(image)
      let moments = 0
      let crashed: () => void = () => {}
      const stopped = new Promise<void>((resolve) => {
        crashed = resolve
      })
      /** A moment at which the process may end: what is on the disk then is kept, and nothing happens any more. */
      const moment = async () => {
        if (moments++ !== crash) return
        for (const part of ['store.db', 'store.db-wal', 'store.db-shm'])
          if (existsSync(join(home, part))) copyFileSync(join(home, part), join(image, part))
        crashed()
        await new Promise<never>(() => {})
      }

      const disk = sqliteStore(join(home, 'store.db'))
      const mortalStore: Store = {
        ...watched.store(disk),
        write: async (changes) => {
          await moment()
          await watched.store(disk).write(changes)
          await moment()
        },
      }
      const mortalSigner: VoucherSigner = {
        address: watched.signer.address,
        sign: async (parameters) => {
          await moment()
          const signature = await watched.signer.sign(parameters)
          await moment()
          return signature
        },
      }
      let meant = 0n
      const play = async () => {
        const payer = createPayer({ channel, signer: mortalSigner, store: mortalStore })
        for (const amount of before) {
          meant += amount
          watched.sent(await payer.pay(amount))
        }
      }
      await Promise.race([play(), stopped])
      await disk.close()
      if (moments <= crash) return false

      const survivor = sqliteStore(join(image, 'store.db'))
      const payer = createPayer({ channel, signer: watched.signer, store: watched.store(survivor) })
      const paid = await payer.paid()
      expect(paid <= meant, `${paid} of ${meant}`).to.equal(true)
      for (const amount of afterwards) {
        meant += amount
        watched.sent(await payer.pay(amount))
        expect(watched.mostClaimable() <= meant, `${watched.mostClaimable()} of ${meant}`).to.equal(true)
      }
      watched.check()
      await survivor.close()
      return true
    }

    let crash = 0
    while (await crashAt(crash)) crash++
    // One write a payment and one for the channel, one signature a voucher, two moments each.
    expect(crash).to.equal(2 * (before.length + 1) + 2 * 3)
  })

  it('never does when it is killed, and what it sent stays good', async () => {
    const path = join(folder, 'store.db')
    const watched = watch(channel)
    const payee = payeeOn()
    await payee.observe(channel, { claimed: 0n, deposit: channel.funded, exitAt: 0 })
    const chains = new Map<Hex, Hex>()
    let asked = 0n
    let received = 0n
    for (let kill = 0; kill < 12; kill++) {
      const payer = run(new URL('./support/payerProcess.ts', import.meta.url), [path])
      await payer.line(Math.floor(Math.random() * 60))
      await setTimeout(Math.random() * 5)
      await payer.kill()
      for (const line of payer.lines) {
        const [word, value] = line.split(' ')
        if (word === 'ask') asked += BigInt(value as string)
        else {
          const payment = hexToBytes(value as Hex)
          watched.sent(payment)
          const { added } = await payee.accept(payment)
          expect(added > 0n).to.equal(true)
          received += added
        }
      }
      const store = sqliteStore(path)
      const [record] = await store.all<PayerRecord>('payers')
      await store.close()
      const { voucher, seed } = record as PayerRecord
      if (voucher === undefined || seed === undefined) continue
      expect(chains.get(seed) ?? voucher.tickRoot, 'a seed has one chain').to.equal(voucher.tickRoot)
      chains.set(seed, voucher.tickRoot)
    }
    const { accepted } = await payee.standing(channel.id)
    expect(accepted).to.equal(received)
    expect(accepted <= asked, `${accepted} of ${asked}`).to.equal(true)
    expect(chains.size).to.be.greaterThan(2)
    // Nothing is lost either: the payer's own books agree with all that it asked for, up to what was under way.
    const store = sqliteStore(path)
    const payer = createPayer({ channel, signer: watched.signer, store })
    const paid = await payer.paid()
    expect(accepted <= paid && paid <= asked, `${accepted}, ${paid}, ${asked}`).to.equal(true)
    expect(decodePayment(await payer.pay(1n)).voucher).to.be.an('object')
    await store.close()
  }).timeout(60_000)
})
