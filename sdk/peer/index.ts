export { createObserver, type Observer } from './createObserver.ts'
export { type PaywallParameters, paywall } from './paywall.ts'
