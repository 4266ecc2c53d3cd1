/**
 * Indexes a network until it is killed: `indexerProcess.ts <url> <network> <store>`. Waits for a line `<point> <write>`, with
 * `before` or `after`, and ends itself at once at that point of that write; with `never` it says which block it has read, again
 * and again.
 */
import { createInterface } from 'node:readline'
import { createIndexer, type ScripClient } from '@scrip/sdk/chain'
import { type Store, sqliteStore } from '@scrip/sdk/store'
import { createWalletClient, http } from 'viem'

const [url = '', networkId = '0', path = ''] = process.argv.slice(2)
const client: ScripClient = createWalletClient({ transport: http(url) })

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const [point, number] = String((await lines.next()).value).split(' ')
const real = sqliteStore(path)
const die = () => process.kill(process.pid, 'SIGKILL')
let writes = 0
const store: Store = {
  ...real,
  write: async (changes) => {
    const isLast = writes++ === Number(number)
    if (isLast && point === 'before') setImmediate(die)
    await real.write(changes)
    if (isLast && point === 'after') die()
  },
}
const indexer = createIndexer({ client, store, networkId: BigInt(networkId) })
for (;;) console.log(`${await indexer.sync()}`)
