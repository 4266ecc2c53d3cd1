export { memoryStore } from './memoryStore.ts'
export { type Change, put, type Store, type Table } from './Store.ts'
export { type SqliteStoreOptions, sqliteStore } from './sqliteStore.ts'
