export { type EigenTrustOptions, type EigenTrustResult, eigenTrust } from './eigenTrust.ts'
export { Graph, type GraphEdge } from './Graph.ts'
export { type FlowEdge, type MaxFlowOptions, type MaxFlowResult, maxFlow } from './maxFlow.ts'
export { twoHopFlow } from './twoHopFlow.ts'
