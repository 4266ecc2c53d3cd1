// A network's history from the chain's events, kept in a file, with scores that follow. Start a chain first: `npx scrip dev`.
// #region sync
import { addresses, createIndexer } from '@scrip/sdk/chain'
import { sqliteStore } from '@scrip/sdk/store'
import { createPublicClient, http } from 'viem'

const client = createPublicClient({ transport: http('http://127.0.0.1:8545') })
const store = sqliteStore('history.db')
const indexer = createIndexer({ client, store, networkId: 1n, confirmations: 2n })

const block = await indexer.sync()
for (const { consumer, provider, served, receipts, faulted } of await indexer.records()) {
  console.log(`${provider} served ${served} to ${consumer}, ${receipts} more by receipts; ${faulted} taken back`)
}

// #endregion

// #region follow
import type { EdgeRecord } from '@scrip/sdk/chain'
import { Graph, TrustScores } from '@scrip/sdk/reputation'

// Settlement in full, receipts by half, without what was taken back: it is up to you.
const weigh = ({ served, receipts, faulted }: EdgeRecord) => served + receipts / 2n - faulted

let graph = Graph.fromEdges([])
let trust = new TrustScores(graph)
const unsubscribe = await indexer.subscribe((records, isWhole) => {
  if (isWhole) {
    graph = Graph.fromEdges(records.map((record) => [record.consumer, record.provider, weigh(record)]))
    trust = new TrustScores(graph)
  } else {
    for (const record of records) graph.set(record.consumer, record.provider, weigh(record))
    trust.refresh()
  }
})
await indexer.sync() // once a block, say
console.log(`Block ${block}: ${graph.edgeCount} edges, scores of ${graph.peers.map((peer) => trust.score(peer))}`)
unsubscribe()

// #endregion

// #region load
import { createReadStream, writeFileSync } from 'node:fs'
import { memoryStore } from '@scrip/sdk/store'

const range = { fromBlock: '0x0', toBlock: 'latest' } as const
const logs = await client.request({
  method: 'eth_getLogs',
  params: [{ address: addresses.interactionHistory, ...range }],
})
writeFileSync('logs.jsonl', logs.map((log) => `${JSON.stringify(log)}\n`).join(''))

const another = createIndexer({ client, store: memoryStore(), networkId: 1n })
await another.load(createReadStream('logs.jsonl', 'utf8'))
await another.sync()
// #endregion
await store.close()
