import { ScripError } from '@scrip/sdk/errors'
import { type Change, memoryStore, type Store } from '@scrip/sdk/store'

/** A store whose disk obeys the test: writes pass, or wait until the test lets them through or breaks them. */
export type HeldStore = Store & {
  /** Writes wait from now on. */
  hold(): void
  /** Writes pass again from now on; those that wait go first. */
  release(): Promise<void>
  /** Carries out the oldest write that waits. */
  letOne(): Promise<void>
  /** Breaks the oldest write that waits: nothing of it is kept. */
  breakOne(): Promise<void>
  /** How many writes wait. */
  waiting(): number
}

type Held = { changes: readonly Change[]; resolve: () => void; reject: (error: ScripError) => void }

export function heldStore(store: Store = memoryStore()): HeldStore {
  const queue: Held[] = []
  let holds = false
  const oldest = (): Held => {
    const write = queue.shift()
    if (write === undefined) throw new Error('No write waits.')
    return write
  }
  const letOne = async () => {
    const { changes, resolve } = oldest()
    await store.write(changes)
    resolve()
    await settled()
  }
  return {
    ...store,
    write: (changes) =>
      holds ? new Promise((resolve, reject) => queue.push({ changes, resolve, reject })) : store.write(changes),
    hold: () => {
      holds = true
    },
    release: async () => {
      holds = false
      while (queue.length > 0) await letOne()
    },
    letOne,
    breakOne: async () => {
      oldest().reject(new ScripError('STORE_FAILED'))
      await settled()
    },
    waiting: () => queue.length,
  }
}

/** Lets everything run that can run without I/O. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Whether a promise is still under way after everything ran that could. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let pending = true
  const done = () => {
    pending = false
  }
  promise.then(done, done)
  await settled()
  return pending
}
