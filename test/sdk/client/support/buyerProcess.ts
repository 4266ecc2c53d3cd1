/**
 * A buyer that fetches once: `buyerProcess.ts <store> <rpc> <key> <url>`. Prints how many bytes came.
 */
import { writeSync } from 'node:fs'
import { payingFetch } from '@scrip/sdk/client'
import { sqliteStore } from '@scrip/sdk/store'
import { createWalletClient, type Hex, http } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'

const [path = '', rpc = '', key = '', url = ''] = process.argv.slice(2)
const account = privateKeyToAccount(key as Hex)
const client = createWalletClient({ account, transport: http(rpc, { retryCount: 0 }), pollingInterval: 20 })
const store = sqliteStore(path)
const pay = payingFetch({ client, signer: account, store, limits: { perRequest: 1_000n } })
const answer = await pay(url)
writeSync(1, `${(await answer.arrayBuffer()).byteLength}\n`)
await store.close()
process.exit()
