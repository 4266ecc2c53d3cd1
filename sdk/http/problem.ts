import { type ErrorCode, errorCodes } from '../errors/codes.ts'
import { ScripError } from '../errors/ScripError.ts'

/** The media type of problem details (RFC 9457). */
export const PROBLEM_TYPE = 'application/problem+json'

/** The coded error that a peer answered with, from the body of its answer. */
export function readProblem(status: number, body: string): ScripError {
  let problem: { [field: string]: unknown } = {}
  try {
    problem = JSON.parse(body) ?? {}
  } catch {
    // Not every answer with such a status comes from this package.
  }
  const { code, detail, hint, type: _type, title: _title, status: _status, ...values } = problem
  if (typeof code === 'string' && code in errorCodes) {
    return new ScripError(code as ErrorCode, {
      ...(typeof detail === 'string' && { detail }),
      ...(typeof hint === 'string' && { hint }),
      values,
    })
  }
  return new ScripError('PROTOCOL_VIOLATION', { detail: `The peer answered with status ${status}.`, values: { status } })
}
