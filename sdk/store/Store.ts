/** The name of a table, which carries the type of its records. */
export type Table<Record> = string & { readonly record?: Record }

/** The versions of a record before and after a write, each unique. A record that is not there has the version ''. */
export type Revision = { readonly from: string; readonly to: string }

/** A record as a store has it, with its version; only the version '' where it is not there. */
export type Versioned<Record> = { readonly record?: Record; readonly version: string }

/**
 * One step of a write: a record put, a record removed, or a table emptied. Where several write to one record, all of them
 * put it with a revision, at most once in a write, and only who knows its newest version can.
 */
export type Change =
  | { readonly table: string; readonly key: string; readonly record: object; readonly revision?: Revision }
  | { readonly table: string; readonly key: string; readonly remove: true }
  | { readonly table: string; readonly clear: true }

/** Is told of a record that another process put, or, without a key, that any of a table may have been. */
export type Changed = (key?: string, version?: string) => void

/** Where a peer keeps what it must not forget. Records are what JSON can hold, and bigints, which are kept as such. */
export type Store = {
  get<Record extends object>(table: Table<Record>, key: string): Promise<Record | undefined>
  /** The records of many keys at once, in their order. */
  getMany<Record extends object>(table: Table<Record>, keys: readonly string[]): Promise<(Record | undefined)[]>
  /** A record with the version that it was put with last. */
  read<Record extends object>(table: Table<Record>, key: string): Promise<Versioned<Record>>
  /** Every record of a table, in no particular order. */
  all<Record extends object>(table: Table<Record>): Promise<Record[]>
  /**
   * Carries out all changes or none. Resolves when they would survive a power loss (the memory store: at once). Writes
   * take effect, and settle, in the order of the calls.
   * @throws `STORE_CONFLICT` where a record has not the version that its revision comes from, `STORE_FAILED` where they
   * could not be written; nothing of them is kept then. `STORE_UNCERTAIN` where that cannot be known now: `outcomeOf`
   * tells, once it can
   */
  write(changes: readonly Change[]): Promise<void>
  /**
   * There only where other processes may write to the same store. Tells of what they put with a revision into a table,
   * soon after, by its key and version, or of no key where that was missed.
   */
  readonly watch?: (table: string, changed: Changed) => void
  close(): Promise<void>
}

/** A change that puts a record of the table's type. */
export function put<Record extends object>(
  table: Table<Record>,
  key: string,
  record: Record,
  revision?: Revision,
): Change {
  return { table, key, record, ...(revision && { revision }) }
}
