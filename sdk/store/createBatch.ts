import type { Change } from './Store.ts'

/** A change as a database takes it; `text` is the record. */
export type Row = { readonly change: Change; readonly text?: string }

/** A statement of a batch. Several writes to one record, each made from the one before, are one. */
type Step = {
  readonly write: number
  readonly kind: 'put' | 'revise' | 'check' | 'checked' | 'remove' | 'clear'
  readonly table: string
  readonly key: string
  text?: string | undefined
  readonly before?: string
  after?: string
}

/** Writes that go to the database together, as the parameters of `scrip_write`. */
export type Batch = {
  readonly parameters: readonly string[]
  /** The number under which each write is refused. */
  readonly numbers: readonly number[]
}

export function createBatch(writes: readonly (readonly Row[])[]): Batch {
  const steps: Step[] = []
  /** The last step of each record where that is a revision which stands alone in its write. */
  const last = new Map<string, Step>()
  const numbers = writes.map((rows, number) => {
    const [only] = rows
    const revision = rows.length === 1 && only && revisionOf(only)
    const before = revision && last.get(idOf(only.change))
    if (before && before.after === revision.from) {
      before.text = only.text
      before.after = revision.to
      return before.write
    }
    const made = stepsOf(rows, number)
    for (const row of rows) {
      if ('clear' in row.change) last.clear()
      else last.delete(idOf(row.change))
    }
    if (revision && made[0]) last.set(idOf(only.change), made[0])
    steps.push(...made)
    return number
  })
  // Two batches that make the same records in two orders would wait for each other.
  if (steps.every(({ kind }) => kind === 'put' || kind === 'revise')) steps.sort(byName)
  const column = (of: (step: Step) => string | undefined) => toArray(steps.map(of))
  return {
    numbers,
    parameters: [
      column(({ write }) => String(write)),
      column(({ kind }) => kind),
      column(({ table }) => table),
      column(({ key }) => key),
      column(({ text }) => text),
      column(({ before }) => before),
      column(({ after }) => after),
    ],
  }
}

/** A name as text that any database can hold: the inside of a JSON string, without zeros and lone surrogates. */
export function escapeName(name: string): string {
  return JSON.stringify(name).slice(1, -1)
}

export function unescapeName(name: string): string {
  return JSON.parse(`"${name}"`)
}

/** The statements of one write: all that it needs is compared first, unless it is one statement anyway. */
function stepsOf(rows: readonly Row[], write: number): Step[] {
  const isAlone = rows.length === 1
  const checks: Step[] = []
  const steps = rows.map((row): Step => {
    const { change, text } = row
    const place = { write, table: escapeName(change.table), key: 'key' in change ? escapeName(change.key) : '' }
    if ('clear' in change) return { ...place, kind: 'clear' }
    if ('remove' in change) return { ...place, kind: 'remove' }
    const revision = revisionOf(row)
    if (revision === undefined) return { ...place, kind: 'put', text }
    if (!isAlone) checks.push({ ...place, kind: 'check', before: revision.from })
    return { ...place, kind: isAlone ? 'revise' : 'checked', text, before: revision.from, after: revision.to }
  })
  const isOrderFree = steps.every(({ kind }) => kind === 'checked')
  return isOrderFree ? [...checks, ...steps.sort(byName)] : [...checks, ...steps]
}

/** By table and key; what is done to one record stays in its order. */
function byName(one: Step, other: Step): number {
  return compare(one.table, other.table) || compare(one.key, other.key)
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}

function revisionOf({ change }: Row) {
  return 'record' in change ? change.revision : undefined
}

function idOf(change: Change): string {
  return JSON.stringify([change.table, 'key' in change ? change.key : ''])
}

/** An array as PostgreSQL reads it (https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO). */
export function toArray(values: readonly (string | undefined)[]): string {
  const quoted = values.map((value) => (value === undefined ? 'NULL' : `"${value.replace(/["\\]/g, '\\$&')}"`))
  return `{${quoted.join()}}`
}
