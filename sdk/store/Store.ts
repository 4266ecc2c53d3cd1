/** The name of a table, which carries the type of its records. */
export type Table<Record> = string & { readonly record?: Record }

/** One step of a write: a record put, a record removed, or a table emptied. */
export type Change =
  | { readonly table: string; readonly key: string; readonly record: object }
  | { readonly table: string; readonly key: string; readonly remove: true }
  | { readonly table: string; readonly clear: true }

/** Where a peer keeps what it must not forget. Records are what JSON can hold, and bigints, which are kept as such. */
export type Store = {
  get<Record extends object>(table: Table<Record>, key: string): Promise<Record | undefined>
  /** Every record of a table, in no particular order. */
  all<Record extends object>(table: Table<Record>): Promise<Record[]>
  /**
   * Carries out all changes or none. Resolves when they would survive a power loss (the memory store: at once). Writes
   * take effect, and settle, in the order of the calls.
   * @throws `STORE_FAILED` where they could not be written; nothing of them is kept then
   */
  write(changes: readonly Change[]): Promise<void>
  close(): Promise<void>
}

/** A change that puts a record of the table's type. */
export function put<Record extends object>(table: Table<Record>, key: string, record: Record): Change {
  return { table, key, record }
}
