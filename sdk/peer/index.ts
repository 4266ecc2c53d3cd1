export { createObserver, type Observer } from './createObserver.ts'
export type { PaywallParameters, Sold } from './createPaywall.ts'
export { paywall } from './paywall.ts'
export { serveFiles } from './serveFiles.ts'
