import { readContract } from 'viem/actions'
import { interactionHistoryAbi as abi } from '../abi/interactionHistory.ts'
import { getChannelState } from '../chain/actions/getChannelState.ts'
import { getEdge } from '../chain/actions/getEdge.ts'
import { WEIGHT_UNIT } from '../chain/actions/setWeight.ts'
import { sync } from '../chain/actions/sync.ts'
import { addresses } from '../chain/addresses.ts'
import { guarded, type ScripClient, type Transaction } from '../chain/transact.ts'
import type { Channel } from '../channels/Channel.ts'

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
  const valued = await Promise.all(
    channels.map(async (channel) => ({ channel, value: await settledValue(client, networkId, channel) })),
  )
  const uncounted: Channel[] = []
  for (const [payer, group] of Map.groupBy(valued, ({ channel }) => channel.payer)) {
    const settled = group.filter(({ value }) => value > 0n)
    const [first] = settled
    if (first === undefined) continue
    const { served } = await getEdge(client, { networkId, consumer: payer, provider: first.channel.payee })
    const value = settled.reduce((sum, item) => sum + item.value, 0n)
    if (value > served) uncounted.push(...settled.map(({ channel }) => channel))
  }
  return uncounted.length === 0 ? undefined : sync(client, { networkId, channels: uncounted })
}

/** What was claimed through a channel, in the network's unit of value; 0 where the network does not value the currency. */
async function settledValue(client: ScripClient, networkId: bigint, { id, token }: Channel): Promise<bigint> {
  const [{ claimed }, weight] = await Promise.all([
    getChannelState(client, { channelId: id }),
    guarded(abi, () =>
      readContract(client, {
        address: addresses.interactionHistory,
        abi,
        functionName: 'weightOf',
        args: [networkId, token],
      }),
    ),
  ])
  return (claimed * weight) / WEIGHT_UNIT
}
