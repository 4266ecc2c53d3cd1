import { interactionHistoryAbi as abi } from '../../abi/interactionHistory.ts'
import type { Channel } from '../../channels/Channel.ts'
import { addresses } from '../addresses.ts'
import { descriptor } from '../channelCalls.ts'
import { encodeCall } from '../encodeCall.ts'
import { type ScripClient, type Transaction, transact } from '../transact.ts'

/**
 * Pulls what was newly settled in channels into a network's history. `InteractionHistory.sync`; anyone may.
 * @throws `TRANSACTION_REVERTED` with `UnknownNetwork` or `NoWeight`, and what `transact` throws
 */
export async function sync(
  client: ScripClient,
  { networkId, channels }: { networkId: bigint; channels: readonly Channel[] },
): Promise<Transaction> {
  const data = encodeCall({ abi, functionName: 'sync', args: [networkId, channels.map(descriptor)] })
  const { hash, receipt } = await transact(client, { to: addresses.interactionHistory, abi, data })
  return { hash, receipt }
}
