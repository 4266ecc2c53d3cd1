/** What this station has where there is no Node: the paywall for servers of the web's standard. */
export { createObserver, type Observer } from './createObserver.ts'
export type { PaywallParameters, Sold } from './createPaywall.ts'
export { fetchPaywall } from './fetchPaywall.ts'
export { type HonoContext, honoPaywall } from './honoPaywall.ts'
export { payerOf } from './payerOf.ts'
export {
  type X402ChannelFacilitator,
  type X402ChannelFacilitatorParameters,
  type X402Supported,
  x402ChannelFacilitator,
} from './x402ChannelFacilitator.ts'
export { type X402ChannelServer, type X402ChannelServerParameters, x402ChannelServer } from './x402ChannelServer.ts'
