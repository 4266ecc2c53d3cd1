import type { Address, Hex } from 'viem'
import { historyCall } from '../historyCall.ts'
import { accountOf, type ScripClient, type Transaction, transact } from '../transact.ts'

/** What `stateFaults` takes: what the client's account states, or what `signFaults` gave. */
export type StateFaultsParameters = {
  networkId: bigint
  /** The client's account where nothing is said. */
  consumer?: Address
  provider: Address
  /** The total ever taken back, in the network's unit of value: more than the last time. It counts as far as there is an edge. */
  faulted: bigint
  /** The consumer's; not needed where the client's account is the consumer. */
  signature?: Hex
}

/**
 * Takes back from what a provider served to a consumer, because it failed. It lowers what scores make of the consumer's own
 * edge, and nothing else. `InteractionHistory.stateFaults`; anyone may who has the consumer's signature.
 * @throws `TRANSACTION_REVERTED` with `UnknownNetwork`, `SelfDealing`, `StaleFaults` or `InvalidSignature`, and what
 * `transact` throws
 */
export async function stateFaults(
  client: ScripClient,
  { networkId, consumer = accountOf(client).address, provider, faulted, signature = '0x' }: StateFaultsParameters,
): Promise<Transaction> {
  const call = historyCall('stateFaults', [networkId, consumer, provider, faulted, signature])
  const { hash, receipt } = await transact(client, call)
  return { hash, receipt }
}
