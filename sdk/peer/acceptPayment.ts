import type { Address } from 'viem'
import type { Channel } from '../channels/Channel.ts'
import type { Acceptance, AcceptOptions, Payee } from '../channels/Payee.ts'
import { decodePayment } from '../channels/payment.ts'
import { ScripError } from '../errors/ScripError.ts'
import type { Observer } from './createObserver.ts'

/**
 * Takes a payment in a currency, with the chain looked at first where that is due.
 * @throws `WRONG_CHANNEL` where the channel pays in another currency, and what `Payee.accept` and `Observer` throw
 */
export async function acceptPayment(
  { payee, observer }: { payee: Payee; observer: Observer },
  bytes: Uint8Array,
  currency: Address,
  options: AcceptOptions,
): Promise<Acceptance> {
  const { channelId, channel: introduced } = decodePayment(bytes)
  const known = await payee.standing(channelId).catch((error: unknown) => {
    if (introduced !== undefined && error instanceof ScripError && error.code === 'UNKNOWN_CHANNEL') return undefined
    throw error
  })
  const channel = known?.channel ?? (introduced as Channel)
  if (channel.token !== currency) {
    throw new ScripError('WRONG_CHANNEL', {
      detail: `The channel pays in ${channel.token}; this is sold for ${currency}.`,
      values: { currency, token: channel.token },
    })
  }
  // Anybody can make up a channel: few looks at strangers' go on at a time.
  if (!observer.isFresh(channel.id)) await (known ? observer.observe(channel) : observer.meet(channel))
  try {
    return await payee.accept(bytes, options)
  } catch (error) {
    if (!(error instanceof ScripError) || error.code !== 'DEPOSIT_EXCEEDED') throw error
    // The payer may have topped the channel up meanwhile.
    await observer.observe(channel)
    return payee.accept(bytes, options)
  }
}
