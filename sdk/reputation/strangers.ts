import { ScripError } from '../errors/ScripError.ts'

/** How strangers behaved so far: how often one provided, and how often one consumed. Numbers of services, aged. */
export type StrangerRecord = { readonly provided: number; readonly consumed: number }

/** The record of who has met nobody yet, and so trusts. */
export const newStrangerRecord: StrangerRecord = { provided: 1, consumed: 1 }

/**
 * The probability with which to serve a stranger: as strangers gave back so far (Feldman, Lai, Stoica and Chuang 2004, the
 * policy "Stranger Adaptive"). Whoever comes back under a new address (whitewashing) is a stranger each time, and pays for what
 * strangers did; where nobody does that, newcomers are served.
 *
 * @throws INVALID_ARGUMENT if a number is negative, infinite or NaN.
 */
export function strangerRatio(record: StrangerRecord): number {
  checkRecord(record)
  return record.provided >= record.consumed ? 1 : record.provided / record.consumed
}

/**
 * The record after a stranger provided or consumed something. It counts for at most `memory` services, older ones fading, so
 * that it follows how strangers behave now; scaling both numbers keeps their ratio.
 *
 * @param memory 10 as in the paper, where not given.
 * @throws INVALID_ARGUMENT if a number is negative, infinite or NaN, or `memory` is not a finite number above 0.
 */
export function recordStranger(record: StrangerRecord, act: 'provided' | 'consumed', memory = 10): StrangerRecord {
  checkRecord(record)
  if (!(memory > 0 && memory < Number.POSITIVE_INFINITY)) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: '`memory` is not a finite number above 0',
      hint: '10 is usual.',
      values: { memory },
    })
  }
  const next = { ...record, [act]: record[act] + 1 }
  const scale = Math.min(1, memory / (next.provided + next.consumed))
  return { provided: next.provided * scale, consumed: next.consumed * scale }
}

function checkRecord({ provided, consumed }: StrangerRecord): void {
  if (!(provided >= 0 && consumed >= 0 && provided + consumed < Number.POSITIVE_INFINITY)) {
    throw new ScripError('INVALID_ARGUMENT', {
      detail: 'The record of strangers holds what is not a finite number from 0',
      hint: 'Begin with newStrangerRecord.',
      values: { provided, consumed },
    })
  }
}
