import { type ErrorCode, ScripError } from '@scrip/sdk/errors'

/** The coded error that the call ends in. Anything else, success too, fails the test. */
export async function refusal(call: () => unknown): Promise<ScripError> {
  try {
    await call()
  } catch (error) {
    if (error instanceof ScripError) return error
    throw error
  }
  throw new Error('The call was expected to be refused, and was not.')
}

/** The code of the error that the call ends in; `undefined` where it succeeds. Errors without a code fail the test. */
export async function codeOf(call: () => unknown): Promise<ErrorCode | undefined> {
  try {
    await call()
    return undefined
  } catch (error) {
    if (error instanceof ScripError) return error.code
    throw error
  }
}
