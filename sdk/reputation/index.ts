export { type Bounce, debtsByPayer } from './debtsByPayer.ts'
export {
  type AdmissionTerms,
  deservesAdmission,
  type ServiceAndUsage,
  serviceAndUsage,
} from './differentiatedAdmission.ts'
export { type EigenTrustOptions, type EigenTrustResult, eigenTrust } from './eigenTrust.ts'
export { Graph, type GraphEdge } from './Graph.ts'
export { type FlowCut, type FlowEdge, type MaxFlowOptions, type MaxFlowResult, maxFlow } from './maxFlow.ts'
export type { Seeds } from './preTrust.ts'
export { type FlowProof, type ProvenCut, proveFlow } from './proveFlow.ts'
export { type IssuerRating, type IssuerRatingOptions, type IssuerRecord, rateIssuer } from './rateIssuer.ts'
export {
  generosity,
  type HistoryView,
  type Reciprocity,
  type ReciprocityOptions,
  reciprocity,
} from './reciprocity.ts'
export { newStrangerRecord, recordStranger, type StrangerRecord, strangerRatio } from './strangers.ts'
export { type TrustDirection, TrustScores } from './TrustScores.ts'
export { twoHopFlow } from './twoHopFlow.ts'
