import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Address, createWalletClient, type Hex, http, type PrivateKeyAccount } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import type { ScripClient } from '../../sdk/chain/transact.ts'
import { memoryStore } from '../../sdk/store/memoryStore.ts'
import type { Store } from '../../sdk/store/Store.ts'

/** Somebody in the story: a key, a client, and a store for what it pays. */
export type Person = {
  name: string
  key: Hex
  account: PrivateKeyAccount
  client: ScripClient
  /** What it remembers of the channels that it pays through. */
  wallet: Store
  /** Where its peer remembers the channels that it is paid through. */
  till: string
}

/** A peer that sells files, in a process of its own. */
export type Shop = { url: string; close(): Promise<void> }

const cli = fileURLToPath(new URL('../../sdk/cli/index.ts', import.meta.url))
const POLL_MILLISECONDS = 20
const shops = new Set<ChildProcess>()

/** Somebody new, with a fresh key. */
export function newPerson(name: string, rpc: string, folder: string): Person {
  const key = generatePrivateKey()
  const account = privateKeyToAccount(key)
  return {
    name,
    key,
    account,
    client: createWalletClient({ account, transport: http(rpc), pollingInterval: POLL_MILLISECONDS }),
    wallet: memoryStore(),
    till: join(folder, `${name}.db`),
  }
}

/** What `openShop` takes. */
export type ShopParameters = {
  seller: Person
  rpc: string
  folder: string
  currency: Address
  /** Of a kilobyte, in the currency's own unit. */
  price: string
  /** Serve only whom this network admits. */
  networkId?: bigint
}

/** Runs `scrip serve` and waits until it listens. */
export async function openShop({ seller, rpc, folder, currency, price, networkId }: ShopParameters): Promise<Shop> {
  const options = [
    '--rpc',
    rpc,
    '--currency',
    currency,
    '--price',
    price,
    '--port',
    '0',
    '--store',
    seller.till,
    '--json',
  ]
  if (networkId !== undefined) options.push('--network', `${networkId}`)
  const child = spawn(process.execPath, ['--conditions=source', cli, 'serve', folder, ...options], {
    // The key goes by the environment: command lines are for everybody to read.
    env: { ...process.env, SCRIP_KEY: seller.key },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  shops.add(child)
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  ended.then(() => shops.delete(child))
  for await (const line of createInterface({ input: child.stdout })) {
    const { url } = JSON.parse(line) as { url: string }
    return {
      url,
      close: () => {
        child.kill('SIGTERM')
        return ended
      },
    }
  }
  throw new Error(`${seller.name}'s peer ended before it listened.`)
}

/** Ends every peer that still runs, at once. */
export function stopPeers(): void {
  for (const child of shops) child.kill('SIGKILL')
}
