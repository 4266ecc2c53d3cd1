import { findChannels } from '../chain/findChannels.ts'
import type { Channel } from '../channels/Channel.ts'
import { type PayerRecord, payers } from '../channels/Payer.ts'
import { type AccountClient, type StoreOptions, withStore } from './context.ts'

/** A channel that an account pays through, with what its store knows of the payments. */
export type PayingChannel = Pick<PayerRecord, 'channel' | 'voucher' | 'tick'>

/**
 * The channels that the account pays through: those of its store, and those that only the chain knows, because the store
 * was lost or the program ended while it opened one. What is on deposit there can be taken back all the same.
 */
export async function payingChannels(options: StoreOptions, client: AccountClient): Promise<PayingChannel[]> {
  const records = await withStore(options, client, 'paying', (store) => store.all(payers))
  const known = new Set(records.map(({ channel }) => channel.id))
  const opened = (await openedChannels(client)).filter(({ id }) => !known.has(id))
  return [...records, ...opened.map((channel) => ({ channel }))]
}

/** The channels that the account ever opened; none where the node does not search that far. */
async function openedChannels(client: AccountClient): Promise<Channel[]> {
  try {
    return await findChannels(client, { payer: client.account.address })
  } catch {
    return []
  }
}
