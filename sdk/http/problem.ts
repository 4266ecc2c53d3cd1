import { type ErrorCode, errorCodes } from '../errors/codes.ts'
import { ScripError } from '../errors/ScripError.ts'
import { readText } from './readText.ts'

/** The media type of problem details (RFC 9457). */
export const PROBLEM_TYPE = 'application/problem+json'

/** Bytes of a problem that are read at most. */
const LONGEST_PROBLEM = 65_536

/** Characters of a peer's sentence that are shown at most. */
const LONGEST_SENTENCE = 500

const told = new WeakSet<object>()

/** Whether an error is what a peer said, and not what this side found: a peer can say anything. */
export function isToldByPeer(error: unknown): boolean {
  return typeof error === 'object' && error !== null && told.has(error)
}

/** The coded error that a peer answered with, from the body of its answer. */
export function readProblem(status: number, body: string): ScripError {
  const problem = problemIn(status, body)
  told.add(problem)
  return problem
}

function problemIn(status: number, body: string): ScripError {
  let problem: { [field: string]: unknown } = {}
  try {
    problem = JSON.parse(body) ?? {}
  } catch {
    // Not every answer with such a status comes from this package.
  }
  const { code, detail, hint, type: _type, title: _title, status: _status, ...values } = problem
  if (typeof code === 'string' && Object.hasOwn(errorCodes, code)) {
    return new ScripError(code as ErrorCode, {
      ...(typeof detail === 'string' && { detail: sentence(detail) }),
      ...(typeof hint === 'string' && { hint: sentence(hint) }),
      values,
    })
  }
  return new ScripError('PROTOCOL_VIOLATION', {
    detail: `The peer answered with status ${status}.`,
    values: { status },
  })
}

/** The coded error in a peer's answer. Reads its body, and not more of it than a problem has. */
export async function receiveProblem(answer: Response): Promise<ScripError> {
  return readProblem(answer.status, await readText(answer, LONGEST_PROBLEM))
}

/** A peer's words are shown to people: no control characters, which could rewrite what a terminal shows. */
function sentence(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').slice(0, LONGEST_SENTENCE)
}
