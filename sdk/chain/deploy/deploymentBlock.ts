import { type Address, BaseError, type Client } from 'viem'
import { getBlockNumber, getCode } from 'viem/actions'

/**
 * The block in which the first of `addresses` got its code: where an indexer starts. 0 where the node has forgotten the
 * states of old blocks, as most do after a while: an indexer that starts there is slow and still right.
 */
export async function deploymentBlock(client: Client, addresses: readonly Address[]): Promise<bigint> {
  // viem remembers the number for a while: it could be older than the contracts.
  let first = await getBlockNumber(client, { cacheTime: 0 })
  try {
    for (const address of addresses) {
      const hasCodeAt = async (blockNumber: bigint) => (await getCode(client, { address, blockNumber })) !== undefined
      let without = -1n
      if (first === 0n || !(await hasCodeAt(first - 1n))) continue
      first -= 1n
      while (first - without > 1n) {
        const middle = (first + without) / 2n
        if (await hasCodeAt(middle)) first = middle
        else without = middle
      }
    }
    return first
  } catch (error) {
    if (error instanceof BaseError) return 0n
    throw error
  }
}
