import type { Hex } from 'viem'
import { type Change, put, type Revision, type Store, type Table, type Versioned } from '../store/Store.ts'
import type { PayeeRecord } from './PayeeRecord.ts'

/**
 * A record is kept in parts that change with every look at the chain, with every voucher, and with every payment: a tick
 * writes an eighth of the record. A store that several processes share keeps it whole, because its version is the record's.
 */
type Part =
  | PayeeRecord
  | (Pick<PayeeRecord, 'voucher' | 'older'> & { readonly vouchersOf: Hex })
  | (Pick<PayeeRecord, 'tick' | 'gaps' | 'charged'> & { readonly progressOf: Hex })

/** The payees' channels of a store. One table, so that whoever reads it all sees one moment. */
const payees: Table<Part> = 'payees'

// Parts that change together lie together: a write of many touches few pages.
const vouchersKey = (id: Hex) => `vouchers/${id}`
const progressKey = (id: Hex) => `progress/${id}`

/** The record of a channel as a store has it, for the payee that keeps it: nobody else may write to it meanwhile. */
export async function readPayeeRecord(store: Store, id: Hex): Promise<Versioned<PayeeRecord>> {
  if (store.watch !== undefined) return store.read(payees as Table<PayeeRecord>, id)
  const first = await store.get(payees, id)
  // Strangers make up channels: what is not there is asked for once.
  if (first === undefined) return { version: '' }
  const others = await Promise.all([vouchersKey(id), progressKey(id)].map((key) => store.get(payees, key)))
  const [record] = assembled([first, ...others.filter((part) => part !== undefined)])
  return { ...(record && { record }), version: '' }
}

/** Every record of a store. */
export async function allPayeeRecords(store: Store): Promise<PayeeRecord[]> {
  return assembled(await store.all(payees))
}

/** Has a payee told of records that another process put. */
export function watchPayeeRecords(store: Store, changed: (id: Hex | undefined, version: string) => void): void {
  store.watch?.(payees, (key, version = '') => changed(key as Hex | undefined, version))
}

/** What makes a stored record, if any was stored, the next one. */
export function payeeRecordChanges(next: PayeeRecord, stored?: PayeeRecord, revision?: Revision): Change[] {
  const { channel, state, voucher, older, tick, gaps, charged } = next
  const { id } = channel
  if (revision !== undefined) return [put(payees, id, next, revision)]
  const progress = { progressOf: id, charged, ...(tick && { tick }), ...(gaps && { gaps }) }
  const changes = [put(payees, progressKey(id), progress)]
  // All parts with the first one: a store of an earlier version has everything in that.
  const isSeen = state !== stored?.state
  if (isSeen || voucher !== stored.voucher || older !== stored.older) {
    const vouchers = { vouchersOf: id, ...(voucher && { voucher }), ...(older && { older }) }
    changes.push(put(payees, vouchersKey(id), vouchers))
  }
  if (isSeen) changes.push(put(payees, id, { channel, state, charged: 0n }))
  return changes
}

function assembled(parts: readonly Part[]): PayeeRecord[] {
  const vouchers = new Map<Hex, object>()
  const progresses = new Map<Hex, object>()
  for (const part of parts) {
    if ('vouchersOf' in part) {
      const { vouchersOf, ...rest } = part
      vouchers.set(vouchersOf, rest)
    } else if ('progressOf' in part) {
      const { progressOf, ...rest } = part
      progresses.set(progressOf, rest)
    }
  }
  return parts.flatMap((part) => {
    if (!('channel' in part)) return []
    const { channel, state, voucher, older, ...whole } = part
    const { id } = channel
    const kept = { ...(voucher && { voucher }), ...(older && { older }) }
    return { channel, state, ...(vouchers.get(id) ?? kept), ...((progresses.get(id) as typeof whole) ?? whole) }
  })
}
