import type { Hex } from 'viem'
import { getChannelState } from '../chain/actions/getChannelState.ts'
import type { ScripClient } from '../chain/transact.ts'
import type { Channel, ChannelState } from '../channels/Channel.ts'
import type { Payee } from '../channels/Payee.ts'
import { ScripError } from '../errors/ScripError.ts'
import { newest } from '../http/newest.ts'

/** Tells a payee what the chain knows of its channels. */
export type Observer = {
  /** Looks at a channel now. @throws `WRONG_CHANNEL`, `UNKNOWN_CHANNEL` where nobody opened it, `RPC_UNREACHABLE` */
  observe(channel: Channel): Promise<ChannelState>
  /**
   * Looks again at a channel that was not looked at a moment ago. Nobody has to wait for that, and a node may be away, as long
   * as an exit that began right after the last look would still be some minutes off.
   * @returns What a payment on the channel has to wait for, where it has to. Rejects as `observe`
   */
  keepUp(channel: Channel): Promise<unknown> | undefined
  /**
   * Looks at a channel that the payee does not know yet. Anybody can make up channels, so few such looks go on at a time.
   * @throws as `observe`, `TOO_MANY_REQUESTS`
   */
  meet(channel: Channel): Promise<void>
}

/** How old a look is when it is time for another one. */
const FRESH_MILLISECONDS = 10_000

/** How old a look may be. An exit takes at least 15 minutes: ten are left to claim what was paid. */
const GOOD_MILLISECONDS = 300_000

/** For how long a node that did not answer is not asked again where nobody has to wait for it. */
const REST_MILLISECONDS = 1_000

/** Looks that are remembered. */
const MOST_LOOKS = 65_536

/** Looks at strangers' channels at a time: who floods a payee with made-up ones must not flood its node. */
const MOST_MEETINGS = 256

/** A moment by the clock on the wall, which people set back, and by the steady one, which stands still while a machine sleeps. */
type Moment = { readonly wall: number; readonly steady: number }

const NEVER: Moment = { wall: 0, steady: Number.NEGATIVE_INFINITY }

/** An observer of the chain for one payee. */
export function createObserver({ client, payee }: { client: ScripClient; payee: Payee }): Observer {
  const lastLooks = newest<Hex, Moment>(MOST_LOOKS)
  const looking = new Map<Hex, Promise<ChannelState>>()
  let meetings = 0
  let restsUntil = 0

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
    lastLooks.set(channel.id, { wall: Date.now(), steady: performance.now() })
    return state
  }

  /** Milliseconds since the last look at a channel, by the clock that says more. */
  const ageOf = ({ id }: Channel) => {
    const { wall, steady } = lastLooks.get(id) ?? NEVER
    return Math.max(Date.now() - wall, performance.now() - steady)
  }

  /** A look for which nobody waited went wrong. Where the channel is gone, the next payment waits for a look and is told so. */
  const doubt = ({ id }: Channel, error: unknown) => {
    if (error instanceof ScripError && error.code === 'UNKNOWN_CHANNEL') lastLooks.set(id, NEVER)
    else restsUntil = Date.now() + REST_MILLISECONDS
  }

  return {
    observe,
    keepUp: (channel) => {
      const age = ageOf(channel)
      if (age <= FRESH_MILLISECONDS) return undefined
      if (age > GOOD_MILLISECONDS) return observe(channel)
      if (Date.now() >= restsUntil) observe(channel).catch((error) => doubt(channel, error))
      return undefined
    },
    meet: async (channel) => {
      if (ageOf(channel) <= FRESH_MILLISECONDS) return
      if (meetings >= MOST_MEETINGS) {
        throw new ScripError('TOO_MANY_REQUESTS', {
          detail: 'Too many channels that this peer does not know are introduced to it at once.',
          hint: 'Try again in a second.',
        })
      }
      meetings++
      try {
        await observe(channel)
      } finally {
        meetings--
      }
    },
  }
}
