/** Tells somebody at a terminal what is being waited for, once that takes a second. */
export type Patience = {
  /** Something is being waited for. The text is asked for whenever it is shown. */
  begin(text: () => string): void
  /** It is there. What was shown is wiped out. */
  end(): void
}

const SECOND = 1_000

/** Shows on standard error what is being waited for, where that is a terminal; elsewhere it would only be noise. */
export function createPatience(stream: NodeJS.WriteStream = process.stderr): Patience {
  let timer: NodeJS.Timeout | undefined
  let shown = false
  return {
    begin: (text) => {
      if (!stream.isTTY || timer !== undefined) return
      let seconds = 0
      timer = setInterval(() => {
        shown = true
        seconds++
        stream.write(`\r\x1b[2K${text()}… ${seconds} s`)
      }, SECOND).unref()
    },
    end: () => {
      clearInterval(timer)
      timer = undefined
      if (shown) stream.write('\r\x1b[2K')
      shown = false
    },
  }
}
