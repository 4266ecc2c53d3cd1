import { type ChannelState, encodePayment, type Payee } from '@scrip/sdk/channels'
import { memoryStore, type Store } from '@scrip/sdk/store'
import { type Chain, channelTo, payeeOn } from './channels.ts'

/** The channel of most tests of a payee. */
export const channel = channelTo()
export const { id } = channel

/** What the chain says of a channel that was funded and nothing else. */
export const funded = (deposit = 1_000_000n): ChannelState => ({ claimed: 0n, deposit, exitAt: 0 })

/** A payee that saw the channel's deposit. */
export async function observing(store: Store = memoryStore(), deposit = 1_000_000n, maxExposure = 0n): Promise<Payee> {
  const payee = payeeOn(store, maxExposure)
  await payee.observe(channel, funded(deposit))
  return payee
}

/** A voucher alone, by the channel's id. */
export const bare = ({ voucher }: Chain) => encodePayment({ channelId: id, voucher })
