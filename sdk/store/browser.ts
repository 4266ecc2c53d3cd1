/** What this station has in a browser: a store in a file needs Node. */
export { memoryStore } from './memoryStore.ts'
export { outcomeOf } from './outcomes.ts'
export { type Change, type Changed, put, type Revision, type Store, type Table, type Versioned } from './Store.ts'
