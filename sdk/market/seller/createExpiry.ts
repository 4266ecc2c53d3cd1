import type { AgreementBook } from './createAgreementBook.ts'
import type { Shelf } from './createShelf.ts'

/** Frees space at the second at which its agreement is over. */
export type Expiry = {
  /** Frees what is over already. @throws where that cannot be done */
  start(): Promise<void>
  /** Says that there is one agreement more. */
  plan(): void
  close(): Promise<void>
}

/** What `createExpiry` takes. */
export type ExpiryParameters = {
  book: AgreementBook
  shelf: Shelf
  clock: () => number
  onError: ((error: unknown) => void) | undefined
}

/** Milliseconds to the next look at what is over, at most: timers hold no more than 24 days. */
const LONGEST_SLEEP = 86_400_000

/** Milliseconds until a disk that did not let its space be freed is asked again. */
const RETRY = 60_000

/** Frees the space of agreements that are over. */
export function createExpiry({ book, shelf, clock, onError }: ExpiryParameters): Expiry {
  let timer: ReturnType<typeof setTimeout> | undefined
  let working: Promise<void> | undefined
  let isClosed = false

  const sweep = async () => {
    for (const { id } of book.ended(clock())) {
      // Forgotten first: a folder without an agreement is removed at the next start.
      await book.forget(id, shelf.forgetting(id))
      await shelf.remove(id)
    }
  }
  const sleep = (milliseconds: number) => {
    clearTimeout(timer)
    if (isClosed) return
    timer = setTimeout(wake, Math.min(LONGEST_SLEEP, milliseconds))
    timer.unref()
  }
  const plan = () => {
    const next = book.nextEnd()
    if (next !== undefined && working === undefined) sleep(Math.max(0, next - clock()) * 1_000)
  }
  const wake = () => {
    working = sweep().then(
      () => {
        working = undefined
        plan()
      },
      (error: unknown) => {
        working = undefined
        onError?.(error)
        sleep(RETRY)
      },
    )
  }
  return {
    plan,
    start: async () => {
      await sweep()
      plan()
    },
    close: async () => {
      isClosed = true
      clearTimeout(timer)
      await working
    },
  }
}
