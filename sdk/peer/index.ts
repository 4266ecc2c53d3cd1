export { createObserver, type Observer } from './createObserver.ts'
export { type PaywallParameters, paywall } from './paywall.ts'
export { proxyUpstream, type UpstreamParameters } from './proxyUpstream.ts'
export { serveFiles } from './serveFiles.ts'
