/** A watchtower in a process of its own. */
import type { Claim } from '@scrip/sdk/channels'
import { createWatchtower } from '@scrip/sdk/settlement'
import { memoryStore } from '@scrip/sdk/store'
import { createWalletClient, type Hex, http } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'

process.once('message', async ({ url, key, claims }: { url: string; key: Hex; claims: Claim[] }) => {
  const client = createWalletClient({ account: privateKeyToAccount(key), transport: http(url), pollingInterval: 20 })
  const onSettled = () => process.send?.('settled')
  const tower = createWatchtower({ client, store: memoryStore(), every: 20, onSettled })
  for (const claim of claims) await tower.watch(claim)
  tower.start()
  process.send?.('watching')
})
