export { createObserver, type Observer } from './createObserver.ts'
export { type PaywallParameters, paywall } from './paywall.ts'
export { serveFiles } from './serveFiles.ts'
export {
  type X402ChannelFacilitator,
  type X402ChannelFacilitatorParameters,
  type X402Supported,
  x402ChannelFacilitator,
} from './x402ChannelFacilitator.ts'
export { type X402ChannelServer, type X402ChannelServerParameters, x402ChannelServer } from './x402ChannelServer.ts'
