export type { Limits } from './createBudget.ts'
export { type PayingFetch, type PayingFetchParameters, type PaymentEvent, payingFetch } from './payingFetch.ts'
