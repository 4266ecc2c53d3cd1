/**
 * A buyer that fetches until it is killed, several at once: `buyer.ts <rpc> <key> <store> <url>…`. Sends what it got: `ok`, or the
 * code of an error.
 */
import { payingFetch } from '@scrip/sdk/client'
import { ScripError } from '@scrip/sdk/errors'
import { sqliteStore } from '@scrip/sdk/store'
import { createWalletClient, type Hex, http } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { foundry } from 'viem/chains'

const [rpc = '', key = '', path = '', ...urls] = process.argv.slice(2)
const account = privateKeyToAccount(key as Hex)
const client = createWalletClient({
  account,
  chain: foundry,
  transport: http(rpc, { retryCount: 0 }),
  pollingInterval: 50,
})
const pay = payingFetch({
  client,
  signer: account,
  store: sqliteStore(path),
  limits: { perRequest: 1_000n },
  deposit: 10n ** 9n,
})
process.on('disconnect', () => process.exit())

async function buy(url: string): Promise<string> {
  try {
    const answer = await pay(url)
    await answer.arrayBuffer()
    return answer.ok ? 'ok' : `${answer.status}`
  } catch (error) {
    return error instanceof ScripError ? error.code : String(error)
  }
}

for (const url of urls) {
  for (let lane = 0; lane < 4; lane++) {
    const next = async (): Promise<void> => {
      const outcome = await buy(url)
      process.send?.(outcome)
      setTimeout(next, outcome === 'ok' ? 0 : 100)
    }
    void next()
  }
}
