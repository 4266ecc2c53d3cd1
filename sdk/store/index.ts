export { memoryStore } from './memoryStore.ts'
export { type Change, put, type Store, type Table } from './Store.ts'
export { sqliteStore } from './sqliteStore.ts'
