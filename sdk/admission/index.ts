export { createGate, type Gate, type GateBooks, type GateParameters, type GateQuestion } from './createGate.ts'
export type { Way } from './wayBack.ts'
