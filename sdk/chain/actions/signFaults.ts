import type { Address, Hex } from 'viem'
import { signHistoryMessage } from '../historyMessages.ts'
import { accountOf, type ScripClient } from '../transact.ts'

/** What a consumer takes back, for somebody with gas to bring to the chain. */
export type Faults = {
  readonly networkId: bigint
  readonly consumer: Address
  readonly provider: Address
  /** The total ever taken back, in the network's unit of value. */
  readonly faulted: bigint
  readonly signature: Hex
}

/**
 * Signs what the client's account takes back from its own edge to a provider that failed it.
 * @throws `KEY_MISSING`, `INVALID_ARGUMENT`, `RPC_UNREACHABLE`
 */
export async function signFaults(
  client: ScripClient,
  { networkId, provider, faulted }: { networkId: bigint; provider: Address; faulted: bigint },
): Promise<Faults> {
  const message = { networkId, consumer: accountOf(client).address, provider, faulted }
  return { ...message, signature: await signHistoryMessage(client, 'Faults', message) }
}
