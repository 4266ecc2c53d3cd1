import { harmless } from './output.ts'

/** How far something is. */
export type ProgressState = {
  readonly bytes: number
  /** The whole, where it is known. */
  readonly total?: number
  readonly payments: number
  /** What was spent, ready to print. */
  readonly spent: string
}

/** A line that shows how far something is, on a terminal rewritten in place, elsewhere printed every few seconds. */
export type Progress = { update(state: ProgressState): void; finish(): void }

const BAR_CELLS = 24
const TERMINAL_MILLISECONDS = 100
const LOG_MILLISECONDS = 2_000

/** Shows progress on standard error once the work has taken a second. */
export function createProgress(label: string, stream: NodeJS.WriteStream = process.stderr): Progress {
  const started = performance.now()
  const interval = stream.isTTY ? TERMINAL_MILLISECONDS : LOG_MILLISECONDS
  let next = started + (stream.isTTY ? 0 : 1_000)
  let latest: ProgressState | undefined

  const show = (state: ProgressState) => {
    const seconds = (performance.now() - started) / 1_000
    const text = harmless(progressLine(label, state, seconds))
    stream.write(stream.isTTY ? `\r\x1b[2K${text}` : `${text}\n`)
  }
  return {
    update: (state) => {
      latest = state
      const now = performance.now()
      if (now < next) return
      next = now + interval
      show(state)
    },
    finish: () => {
      if (latest === undefined) return
      if (stream.isTTY) show(latest)
      if (stream.isTTY) stream.write('\n')
    },
  }
}

/** One line: a bar, bytes, payments, payments a second, spend. */
export function progressLine(label: string, { bytes, total, payments, spent }: ProgressState, seconds: number): string {
  const rate = seconds > 0 ? Math.round(payments / seconds) : 0
  const share = total === undefined || total === 0 ? undefined : Math.min(bytes / total, 1)
  const filled = share === undefined ? 0 : Math.round(share * BAR_CELLS)
  const bar =
    share === undefined ? '' : `${'█'.repeat(filled)}${'░'.repeat(BAR_CELLS - filled)} ${Math.floor(share * 100)}% `
  return `${label} ${bar}${megabytes(bytes)} MB, ${payments} payments, ${rate}/s, ${spent}`
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(2)
}
