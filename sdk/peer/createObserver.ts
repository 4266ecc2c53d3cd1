import { getChannelState } from '../chain/actions/getChannelState.ts'
import type { ScripClient } from '../chain/transact.ts'
import type { Channel, ChannelState } from '../channels/Channel.ts'
import type { Payee } from '../channels/Payee.ts'
import { ScripError } from '../errors/ScripError.ts'

/** Tells a payee what the chain knows of its channels. */
export type Observer = {
  /** Looks at a channel now. @throws `WRONG_CHANNEL`, `UNKNOWN_CHANNEL` where nobody opened it, `RPC_UNREACHABLE` */
  observe(channel: Channel): Promise<ChannelState>
  /** Looks at a channel unless that was done a moment ago. @throws as `observe` */
  refresh(channel: Channel): Promise<void>
}

/** How old a look may be. An exit takes at least 15 minutes, so it is seen in time. */
const FRESH_MILLISECONDS = 10_000

/** An observer of the chain for one payee. */
export function createObserver({ client, payee }: { client: ScripClient; payee: Payee }): Observer {
  const lastLooks = new Map<string, number>()
  const looking = new Map<string, Promise<ChannelState>>()

  /** One look serves all who ask while it lasts. */
  const observe = (channel: Channel): Promise<ChannelState> => {
    const present = looking.get(channel.id)
    if (present !== undefined) return present
    const look = lookAt(channel).finally(() => looking.delete(channel.id))
    looking.set(channel.id, look)
    return look
  }

  const lookAt = async (channel: Channel): Promise<ChannelState> => {
    payee.check(channel)
    const { opened, ...state } = await getChannelState(client, { channelId: channel.id })
    if (!opened) {
      throw new ScripError('UNKNOWN_CHANNEL', {
        detail: `Nobody opened the channel ${channel.id} on chain.`,
        hint: 'Open and fund the channel, wait for the transaction, and pay again.',
        values: { channelId: channel.id },
      })
    }
    await payee.observe(channel, state)
    lastLooks.set(channel.id, Date.now())
    return state
  }

  return {
    observe,
    refresh: async (channel) => {
      const last = lastLooks.get(channel.id) ?? 0
      if (Date.now() - last > FRESH_MILLISECONDS) await observe(channel)
    },
  }
}
