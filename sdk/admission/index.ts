export { createGate, type Gate, type GateQuestion } from './createGate.ts'
