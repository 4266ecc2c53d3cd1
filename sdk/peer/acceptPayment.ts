import type { Address } from 'viem'
import type { Channel } from '../channels/Channel.ts'
import type { Acceptance, AcceptOptions, Payee } from '../channels/Payee.ts'
import { decodePayment } from '../channels/payment.ts'
import { ScripError } from '../errors/ScripError.ts'
import type { Observer } from './createObserver.ts'

/** Who takes payments, and who looks at the chain for it. */
export type Till = { readonly payee: Payee; readonly observer: Observer }

/** What a payment has to be. */
export type Requirement = AcceptOptions & {
  /** What it has to pay in; anything that the payee accepts where nothing is said. */
  readonly currency?: Address
  /** Its channel, where that is known already. */
  readonly channel?: Channel
}

/**
 * Takes a payment, with the chain looked at first where that is due.
 * @throws `WRONG_CHANNEL` where the channel pays in another currency, and what `Payee.accept` and `Observer` throw
 */
export async function acceptPayment(
  { payee, observer }: Till,
  payment: Uint8Array,
  { currency, channel: known, ...options }: Requirement,
): Promise<Acceptance> {
  const { channel, isStranger } = known ? { channel: known, isStranger: false } : await channelOf(payee, payment)
  if (currency !== undefined && channel.token !== currency) {
    throw new ScripError('WRONG_CHANNEL', {
      detail: `The channel pays in ${channel.token}; this is sold for ${currency}.`,
      values: { currency, token: channel.token },
    })
  }
  const looking = isStranger ? observer.meet(channel) : observer.keepUp(channel)
  if (looking !== undefined) await looking
  try {
    return await payee.accept(payment, options)
  } catch (error) {
    if (!(error instanceof ScripError) || error.code !== 'DEPOSIT_EXCEEDED') throw error
    // The payer may have topped the channel up meanwhile.
    await observer.observe(channel)
    return payee.accept(payment, options)
  }
}

/** The channel that a payment is for, as far as it can be told without looking at the chain. */
async function channelOf(payee: Payee, payment: Uint8Array): Promise<{ channel: Channel; isStranger: boolean }> {
  const { channelId, channel } = decodePayment(payment)
  try {
    return { channel: (await payee.standing(channelId)).channel, isStranger: false }
  } catch (error) {
    const isUnknown = error instanceof ScripError && error.code === 'UNKNOWN_CHANNEL'
    if (channel === undefined || !isUnknown) throw error
    return { channel, isStranger: true }
  }
}
