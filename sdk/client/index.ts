export type { Limits, Rates, Trust } from './createBudget.ts'
export { isSignedBy, type KeptReceipt, readReceipts } from './createReceipts.ts'
export {
  type GatewayClient,
  type GatewayClientParameters,
  gatewayClient,
  type MessageSigner,
} from './issuer/gatewayClient.ts'
export { getCurrencyVia } from './issuer/getCurrencyVia.ts'
export { getDepositsVia } from './issuer/getDepositsVia.ts'
export { relayTransferFundsVia } from './issuer/relayTransferFundsVia.ts'
export { type SignTransferFundsViaParameters, signTransferFundsVia } from './issuer/signTransferFundsVia.ts'
export { type TransferFundsViaParameters, transferFundsVia } from './issuer/transferFundsVia.ts'
export { type PayingFetch, type PayingFetchParameters, type PaymentEvent, payingFetch } from './payingFetch.ts'
export {
  type X402ChannelClient,
  type X402ChannelClientParameters,
  type X402Currency,
  x402ChannelClient,
} from './x402ChannelClient.ts'
