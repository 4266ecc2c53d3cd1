import type { Hex } from 'viem'
import { readContract } from 'viem/actions'
import { paymentChannelsAbi as abi } from '../../abi/paymentChannels.ts'
import type { ChannelState } from '../../channels/Channel.ts'
import { addresses } from '../addresses.ts'
import { guarded, requireCode, type ScripClient } from '../transact.ts'

/**
 * What the chain knows of a channel, amounts in base units. `PaymentChannels.state`.
 * @returns `opened` is false where nobody opened it.
 * @throws `NOT_DEPLOYED`, `RPC_UNREACHABLE`
 */
export async function getChannelState(
  client: ScripClient,
  { channelId }: { channelId: Hex },
): Promise<ChannelState & { opened: boolean }> {
  return guarded(abi, async () => {
    const address = addresses.paymentChannels
    await requireCode(client, address)
    const [claimed, deposit, exitAt, opened] = await readContract(client, {
      address,
      abi,
      functionName: 'state',
      args: [channelId],
    })
    return { claimed, deposit, exitAt, opened }
  })
}
