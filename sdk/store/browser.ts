/** What this station has in a browser: a store in a file needs Node. */
export { memoryStore } from './memoryStore.ts'
export { type Change, put, type Store, type Table } from './Store.ts'
