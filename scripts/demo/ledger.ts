import { type Address, type Hex, isAddressEqual } from 'viem'
import { getBlock, getBlockNumber, getTransactionReceipt } from 'viem/actions'
import { addresses } from '../../sdk/chain/addresses.ts'
import type { ScripClient } from '../../sdk/chain/transact.ts'

/** What a kind of transaction amounted to. */
export type Cost = { transactions: number; gas: bigint }

/**
 * What the payments of some blocks cost on chain: every transaction to the channels (opening, claiming) and to the history
 * (syncing), as the chain itself has them.
 */
export async function paymentCost(client: ScripClient, fromBlock: bigint): Promise<Cost> {
  const counted = [addresses.paymentChannels, addresses.interactionHistory]
  const cost = { transactions: 0, gas: 0n }
  for await (const { to, hash } of transactions(client, fromBlock)) {
    if (to === null || !counted.some((address) => isAddressEqual(address, to))) continue
    cost.transactions += 1
    cost.gas += (await getTransactionReceipt(client, { hash })).gasUsed
  }
  return cost
}

async function* transactions(
  client: ScripClient,
  fromBlock: bigint,
): AsyncGenerator<{ to: Address | null; hash: Hex }> {
  const head = await getBlockNumber(client, { cacheTime: 0 })
  for (let blockNumber = fromBlock; blockNumber <= head; blockNumber++) {
    yield* (await getBlock(client, { blockNumber, includeTransactions: true })).transactions
  }
}
