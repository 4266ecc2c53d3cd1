export { createObserver, type Observer } from './createObserver.ts'
export type { PaywallParameters, Sold } from './createPaywall.ts'
export { createReporter, type Reporter, type ReporterParameters } from './createReporter.ts'
export { expressPaywall } from './expressPaywall.ts'
export { type FastifyAsked, type FastifyReply, type FastifyServer, fastifyPaywall } from './fastifyPaywall.ts'
export { fetchPaywall } from './fetchPaywall.ts'
export { type HonoContext, honoPaywall } from './honoPaywall.ts'
export { payerOf } from './payerOf.ts'
export { paywall } from './paywall.ts'
export { proxyUpstream, type UpstreamParameters } from './proxyUpstream.ts'
export { serveFiles } from './serveFiles.ts'
export { watchtowerListener } from './watchtowerListener.ts'
export {
  type X402ChannelFacilitator,
  type X402ChannelFacilitatorParameters,
  type X402Supported,
  x402ChannelFacilitator,
} from './x402ChannelFacilitator.ts'
export { type X402ChannelServer, type X402ChannelServerParameters, x402ChannelServer } from './x402ChannelServer.ts'
