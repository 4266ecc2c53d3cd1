/** A settler in a process of its own, for tests that kill it. */
import type { ChannelState, Claim } from '@scrip/sdk/channels'
import { createSettler } from '@scrip/sdk/settlement'
import { sqliteStore } from '@scrip/sdk/store'
import { createWalletClient, type Hex, http } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'

type Order = { url: string; key: Hex; path: string; claims: Claim[] }

process.once('message', ({ url, key, path, claims }: Order) => {
  const client = createWalletClient({ account: privateKeyToAccount(key), transport: http(url), pollingInterval: 20 })
  const seen = new Map<Hex, ChannelState>()
  const source = {
    claimable: async () => claims.filter(({ channel, total }) => total > (seen.get(channel.id)?.claimed ?? 0n)),
    observe: async ({ id }: { id: Hex }, state: ChannelState) => void seen.set(id, state),
  }
  const store = sqliteStore(path)
  createSettler({ client, store, source, rules: { value: () => 1n }, every: 20, bumpAfter: 150 }).start()
  process.send?.('started')
})
