export { type ErrorCode, errorCodes } from './codes.ts'
export { type Problem, ScripError, type ScripErrorOptions } from './ScripError.ts'
