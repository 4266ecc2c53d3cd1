export { createObserver, type Observer } from './createObserver.ts'
export { type PaywallParameters, paywall } from './paywall.ts'
export { serveFiles } from './serveFiles.ts'
