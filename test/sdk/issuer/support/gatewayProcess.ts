/**
 * A gateway in a process of its own, which can be killed at a step of its work: `node gatewayProcess.ts <rpc> <store>
 * <port> <kinds> <step>`. Steps are counted before and after each write to the store (kind `write`) and each call of the
 * chain (kind: the method, or `rpc` for all). The process prints the step that it dies at; at step 0 it lives on.
 */
import { writeSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import type { Store } from '@scrip/sdk/store'
import type { Transport } from 'viem'

enableCompileCache()
const { createIssuerGateway, gatewayListener } = await import('@scrip/sdk/issuer')
const { sqliteStore } = await import('@scrip/sdk/store')
const { createWalletClient, http } = await import('viem')
const { issuer } = await import('./issuer.ts')
const { listen } = await import('../../../support/market.ts')

const [rpc = '', path = '', port = '0', kinds = '', last = '0'] = process.argv.slice(2)
const counted = new Set(kinds.split(','))
let steps = 0

/** Dies here, as by a power cut, where it is the step. */
function step(name: string): void {
  steps++
  if (steps !== Number(last)) return
  writeSync(1, `died ${name}\n`)
  process.kill(process.pid, 'SIGKILL')
}

async function around<Result>(kind: string, isCounted: boolean, work: () => Promise<Result>): Promise<Result> {
  if (!isCounted) return work()
  step(`before ${kind}`)
  try {
    return await work()
  } finally {
    step(`after ${kind}`)
  }
}

const store = sqliteStore(path)
const dying: Store = { ...store, write: (changes) => around('write', counted.has('write'), () => store.write(changes)) }

const plain = http(rpc, { retryCount: 0 })
const transport: Transport = (parameters) => {
  const inner = plain(parameters)
  const request = (call: { method: string }) =>
    around(call.method, counted.has('rpc') || counted.has(call.method), () => inner.request(call as never))
  return { ...inner, request: request as typeof inner.request }
}

const gateway = await createIssuerGateway({
  client: createWalletClient({ account: issuer, transport, pollingInterval: 20 }),
  store: dying,
})
const { url } = await listen(gatewayListener(gateway), Number(port))
writeSync(1, `listens ${url}\n`)
