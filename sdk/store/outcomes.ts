import { ScripError } from '../errors/ScripError.ts'

const outcomes = new WeakMap<ScripError, Promise<boolean>>()

/** The error of a write of which nobody knows yet whether it was carried out. */
export function uncertain(detail: string, cause: unknown, outcome: Promise<boolean>): ScripError {
  const error = new ScripError('STORE_UNCERTAIN', { detail, cause })
  outcomes.set(error, outcome)
  return error
}

/**
 * Whether a write that failed with `STORE_UNCERTAIN` was carried out: resolves when it is known, which may be never.
 * Nothing where the error is another one.
 */
export function outcomeOf(error: unknown): Promise<boolean> | undefined {
  return error instanceof ScripError ? outcomes.get(error) : undefined
}

/** The error of a write that came too late. */
export function conflict(table: string, key: string): ScripError {
  return new ScripError('STORE_CONFLICT', { values: { table, key } })
}
