import { deployments } from '../abi/deployments.ts'
import { guarded, type ScripClient } from '../chain/transact.ts'

/** The block in which the contracts' events begin, where this version knows the chain; the first one elsewhere. */
export async function firstBlock(client: ScripClient): Promise<bigint> {
  const chainId = Number(await guarded([], () => client.request({ method: 'eth_chainId' })))
  return BigInt(deployments[chainId]?.block ?? 0)
}
