import type { Hex } from 'viem'
import { getBlockNumber, getContractEvents } from 'viem/actions'
import { paymentChannelsAbi as abi } from '../abi/paymentChannels.ts'
import { addresses } from '../chain/addresses.ts'
import type { ScripClient } from '../chain/transact.ts'

/** Blocks asked for at once: what public nodes answer. */
const STEP = 5_000n

/** How deep a reorg may be: what is in so new a block is read again. */
const REORG_DEPTH = 64n

/**
 * Tells which channels' payers asked to leave since the last look; since the beginning of the watch at the first. A reorg
 * may bring a channel twice.
 */
export function createExitWatch(client: ScripClient): () => Promise<Hex[]> {
  let next: bigint | undefined
  return async () => {
    const head = await getBlockNumber(client, { cacheTime: 0 })
    const found: Hex[] = []
    for (let from = less(next ?? head, REORG_DEPTH); from <= head; from += STEP) {
      const toBlock = from + STEP - 1n < head ? from + STEP - 1n : head
      const events = await getContractEvents(client, {
        address: addresses.paymentChannels,
        abi,
        eventName: 'ExitRequested',
        fromBlock: from,
        toBlock,
        strict: true,
      })
      found.push(...events.map(({ args }) => args.channelId))
    }
    next = head + 1n
    return found
  }
}

function less(block: bigint, depth: bigint): bigint {
  return block > depth ? block - depth : 0n
}
