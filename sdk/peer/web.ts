/** What this station has where there is no Node: the paywall for servers of the web's standard. */
export { createObserver, type Observer } from './createObserver.ts'
export type { PaywallParameters, Sold } from './createPaywall.ts'
export { fetchPaywall } from './fetchPaywall.ts'
export { type HonoContext, honoPaywall } from './honoPaywall.ts'
