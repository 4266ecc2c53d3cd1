import { type ErrorCode, errorCodes } from './codes.ts'

/** What a `ScripError` is built from besides its code. */
export type ScripErrorOptions = {
  /** What happened in this case, one sentence. The code's title where it says enough. */
  detail?: string
  /** What to do next. The code's own hint where nothing better is known. */
  hint?: string
  /** The values at fault, by name. */
  values?: Readonly<Record<string, unknown>>
  /** The error beneath. */
  cause?: unknown
}

/** An error as RFC 9457 problem details, the body of `application/problem+json`. */
export type Problem = {
  type: string
  title: string
  status: number
  detail: string
  code: ErrorCode
  hint: string
  [value: string]: unknown
}

/**
 * The one error class of this package. `code` is stable and is what programs match; `hint` says what to do next; `values`
 * holds what was at fault.
 */
export class ScripError extends Error {
  override readonly name = 'ScripError'
  readonly code: ErrorCode
  /** The HTTP status that fits the error. */
  readonly status: number
  readonly hint: string
  readonly values: Readonly<Record<string, unknown>>
  /** Where the code is described, within this package. */
  readonly docs: string

  constructor(code: ErrorCode, options: ScripErrorOptions = {}) {
    const entry = errorCodes[code]
    super(options.detail ?? entry.title, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.status = entry.status
    this.hint = options.hint ?? entry.hint
    this.values = options.values ?? {}
    this.docs = `docs/errors.md#${code.toLowerCase()}`
  }

  /** The error as problem details, which JSON can always hold: bigints become decimal strings. */
  toProblem(): Problem {
    return {
      ...Object.fromEntries(Object.entries(this.values).map(([name, value]) => [name, plain(value)])),
      type: `urn:scrip:error:${this.code}`,
      title: errorCodes[this.code].title,
      status: this.status,
      detail: this.message,
      code: this.code,
      hint: this.hint,
    }
  }
}

/** A value as JSON holds it. One that JSON cannot hold is named instead: an error on its way out must not fail. */
function plain(value: unknown): unknown {
  try {
    const text = JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? part.toString() : part))
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    return Object.prototype.toString.call(value)
  }
}
