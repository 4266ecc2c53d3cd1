export * from './chain/index.ts'
export { type ErrorCode, type Problem, ScripError } from './errors/index.ts'
