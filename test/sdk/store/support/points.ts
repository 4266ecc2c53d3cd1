/** Where a payee can be when it is killed, in the order of a payment's way. */
export const points = [
  'opening',
  'unread',
  'read',
  'accepted',
  'transaction',
  'commit',
  'checkpoint',
  'committed',
  'acknowledged',
] as const

export type Point = (typeof points)[number]

/** What each point is, for whoever reads the histogram. */
export const names: Readonly<Record<Point, string>> = {
  opening: 'before or while the store is opened',
  unread: 'before the payment is read',
  read: 'read, before it is accepted',
  accepted: 'accepted, before the write',
  transaction: 'in the transaction',
  commit: 'at or in the commit',
  checkpoint: 'in a checkpoint',
  committed: 'committed, before the acknowledgement',
  acknowledged: 'after the acknowledgement',
}

/** What is done with a payment: charged in the same write, charged later, or given back because the handler failed. */
export type Use = 'now' | 'later' | 'failing'

/**
 * A payee that is wrong on purpose: acknowledges before the write, keeps charges in memory only, or does not flush the log
 * at a commit.
 */
export type Fault = 'none' | 'hasty' | 'forgetful' | 'lazy'
