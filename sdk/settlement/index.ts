export type { Settled } from './createClaimer.ts'
export {
  type ClaimSource,
  createSettler,
  type SettlementRules,
  type Settler,
  type SettlerParameters,
} from './createSettler.ts'
export { createWatchtower, type Watchtower, type WatchtowerParameters } from './createWatchtower.ts'
