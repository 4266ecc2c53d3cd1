import { readContract } from 'viem/actions'
import { interactionHistoryAbi as abi } from '../abi/interactionHistory.ts'
import { getChannelState } from '../chain/actions/getChannelState.ts'
import { WEIGHT_UNIT } from '../chain/actions/setWeight.ts'
import { sync } from '../chain/actions/sync.ts'
import { addresses } from '../chain/addresses.ts'
import { guarded, type ScripClient, type Transaction } from '../chain/transact.ts'
import type { Channel } from '../channels/Channel.ts'
import { isSame } from './network.ts'

/**
 * Pulls into a network's history what was claimed through some channels and is not counted there yet, also where an
 * earlier run ended between the claim and the history. Nothing is sent where all is counted.
 * @throws what `sync` throws
 */
export async function syncUncounted(
  client: ScripClient,
  networkId: bigint,
  channels: readonly Channel[],
): Promise<Transaction | undefined> {
  const counts = await Promise.all(channels.map((channel) => wouldCount(client, networkId, channel)))
  const uncounted = channels.filter((_, index) => counts[index])
  return uncounted.length === 0 ? undefined : sync(client, { networkId, channels: uncounted })
}

/** Whether a sync would find value: in a currency that the network values, and at least a unit of it. */
async function wouldCount(
  client: ScripClient,
  networkId: bigint,
  { id, token, payer, payee }: Channel,
): Promise<boolean> {
  if (isSame(payer, payee)) return false
  const contract = { address: addresses.interactionHistory, abi } as const
  const [{ claimed }, weight, synced] = await Promise.all([
    getChannelState(client, { channelId: id }),
    guarded(abi, () => readContract(client, { ...contract, functionName: 'weightOf', args: [networkId, token] })),
    guarded(abi, () => readContract(client, { ...contract, functionName: 'syncedOf', args: [networkId, id] })),
  ])
  return (claimed * weight) / WEIGHT_UNIT > (synced * weight) / WEIGHT_UNIT
}
