/**
 * A buyer that downloads a file and goes on with what is there of it: `downloadProcess.ts <store> <rpc> <key> <deposit> <url>
 * <output>`. Ends when all of it is there.
 */
import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { payingFetch } from '@scrip/sdk/client'
import { ScripError } from '@scrip/sdk/errors'
import { sqliteStore } from '@scrip/sdk/store'
import { createWalletClient, type Hex, http } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'

const [path = '', rpc = '', key = '', deposit = '', url = '', output = ''] = process.argv.slice(2)
const account = privateKeyToAccount(key as Hex)
const client = createWalletClient({ account, transport: http(rpc, { retryCount: 0 }), pollingInterval: 20 })
const store = sqliteStore(path)
const limits = { perRequest: 100_000n, perPayee: 100_000n, perDay: 100_000n }
const pay = payingFetch({ client, signer: account, store, limits, deposit: BigInt(deposit), resume: 1_000 })
const validator = `${output}.etag`

const download = async (): Promise<void> => {
  const present = existsSync(output) ? statSync(output).size : 0
  const etag = present > 0 ? readFileSync(validator, 'utf8') : ''
  const answer = await pay(url, { headers: present > 0 ? { range: `bytes=${present}-`, 'if-range': etag } : {} })
  if (answer.status === 416) return
  if (answer.status !== (present > 0 ? 206 : 200)) throw new Error(`The shop answers ${answer.status}.`)
  if (present === 0) writeFileSync(validator, answer.headers.get('etag') ?? '')
  for await (const chunk of answer.body ?? []) appendFileSync(output, chunk)
}

for (let isOver = false; !isOver; ) {
  try {
    await download()
    isOver = true
  } catch (error) {
    const passes = error instanceof ScripError && ['PEER_UNREACHABLE', 'TRANSFER_INTERRUPTED'].includes(error.code)
    if (!passes) throw error
    await pause(20)
  }
}
await store.close()
process.exit()
