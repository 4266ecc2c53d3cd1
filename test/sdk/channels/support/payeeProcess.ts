/**
 * One of several processes that serve one channel: `payeeProcess.ts <url of the store> <file of payments>`. Takes the
 * payments once the store says so, skipping some, and charges one unit at a time, until the last payment is there and all of it is charged. Prints
 * `paid <units that it added>` and `charged` once they are acknowledged, at the end how often another process was quicker.
 */
import { readFileSync, writeSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { ScripError } from '@scrip/sdk/errors'
import { postgresStore, type Store } from '@scrip/sdk/store'
import { hexToBytes } from 'viem'
import { channelTo, payeeOn } from './channels.ts'

const [url = '', file = ''] = process.argv.slice(2)
const print = (line: string) => writeSync(1, `${line}\n`)
const isCode = (error: unknown, code: string) => error instanceof ScripError && error.code === code

let conflicts = 0
const database = await postgresStore(url)
const store: Store = {
  ...database,
  write: async (changes) => {
    try {
      await database.write(changes)
    } catch (error) {
      if (isCode(error, 'STORE_CONFLICT')) conflicts++
      throw error
    }
  },
}
const payee = payeeOn(store)
const { id } = channelTo()
const payments: string[] = JSON.parse(readFileSync(file, 'utf8'))
let isPaid = false

const take = async () => {
  const [last] = payments.slice(-1)
  for (const payment of payments.filter((one) => one === last || Math.random() < 0.7)) {
    try {
      const { added } = await payee.accept(hexToBytes(payment as `0x${string}`))
      print(`paid ${added}`)
    } catch (error) {
      // Another process took a newer one.
      if (!isCode(error, 'STALE_PAYMENT')) throw error
    }
  }
  isPaid = true
}

const serve = async () => {
  for (;;) {
    const wasPaid = isPaid
    const count = await payee.charge(id, 1n, 1)
    if (count > 0) print('charged')
    else if (wasPaid) return
  }
}

print('open')
while ((await database.get('start', 'now')) === undefined) await pause(5)
await Promise.all([take(), ...Array.from({ length: 8 }, serve)])
print(`conflicts ${conflicts}`)
await store.close()
