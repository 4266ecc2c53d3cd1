import type { Hex } from 'viem'
import type { Channel } from '../../channels/Channel.ts'
import { signChannelMessage } from '../channelMessages.ts'
import type { ScripClient } from '../transact.ts'

/** A payer's wish to leave a channel, for somebody with gas to bring to the chain. */
export type ExitRequest = {
  readonly channel: Channel
  /** Unix seconds until which it holds. */
  readonly deadline: bigint
  readonly signature: Hex
}

/**
 * Signs the request to leave a channel with the client's account, which must be its payer. It can be used once.
 * @throws `KEY_MISSING`, `RPC_UNREACHABLE`
 */
export async function signExitRequest(
  client: ScripClient,
  { channel, deadline }: { channel: Channel; deadline: bigint },
): Promise<ExitRequest> {
  const signature = await signChannelMessage(client, 'RequestExit', { channelId: channel.id, deadline })
  return { channel, deadline, signature }
}
