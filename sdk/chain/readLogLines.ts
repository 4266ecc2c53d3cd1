import type { RpcLog } from 'viem'
import { ScripError } from '../errors/ScripError.ts'

/** A log in a text, and the number of its line, counted from 1. */
export type LogLine = { readonly line: number; readonly log: RpcLog }

/** A line is longer than this only where the text has none. */
const LONGEST_LINE = 1 << 20

/**
 * The logs in a text that comes in pieces, each a line of JSON as `eth_getLogs` answers it. Empty lines count nothing.
 * @throws `LOG_MALFORMED` where a line holds something else, as the last one of a file that was cut short
 */
export async function* readLogLines(text: AsyncIterable<string>): AsyncGenerator<LogLine[], void, undefined> {
  let rest = ''
  let line = 0
  const read = (texts: readonly string[]): LogLine[] => {
    const logs: LogLine[] = []
    for (const one of texts) {
      line++
      if (one.trim() !== '') logs.push({ line, log: parseLog(one, line) })
    }
    return logs
  }
  for await (const piece of text) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > LONGEST_LINE) throw malformed(rest, line + 1)
    if (lines.length > 0) yield read(lines)
  }
  yield read([rest])
}

function parseLog(text: string, line: number): RpcLog {
  try {
    const log: unknown = JSON.parse(text)
    if (typeof log === 'object' && log !== null) return log as RpcLog
  } catch {
    // Said below.
  }
  throw malformed(text, line)
}

function malformed(text: string, line: number): ScripError {
  return new ScripError('LOG_MALFORMED', {
    detail: `Line ${line} is no log: ${text.slice(0, 200)}`,
    values: { line },
  })
}
