export { CLAIMS_PATH, MOST_CLAIMS, readClaim, writeClaim } from './claims.ts'
export {
  ANSWER_HEADER,
  BOUND_HEADER,
  CREDIT_HEADER,
  PAYMENT_HEADER,
  PAYMENT_PATH,
  PRICE_HEADER,
  QUOTE_HEADER,
  QUOTE_ID_HEADER,
  RECEIPT_PATH,
  readAmount,
  readPaymentHeader,
  writePaymentHeader,
} from './headers.ts'
export { KILOBYTE, kilobytes, type Price, type Rate, rateOf, readRate, type Unit, writeRate } from './price.ts'
export { isToldByPeer, PROBLEM_TYPE, readProblem, receiveProblem } from './problem.ts'
export { QUOTE_SCHEME, type Quote, readQuote, readQuotes, writeQuote } from './quote.ts'
export { type Receipt, readReceipt, receiptDigest, writeReceipt } from './receipt.ts'
export {
  idStartOf,
  type KnownChannel,
  readStatedPayment,
  type StatedPayment,
  writeStatedPayment,
} from './statedPayment.ts'
export {
  CHANNEL_SCHEME,
  type ChannelPayload,
  type ChannelTerms,
  EXACT_SCHEME,
  type ExactTerms,
  readChannelPayload,
  readChannelProblem,
  readChannelTerms,
  readExactTerms,
  readPaymentRequired,
  readSettlement,
  writeJson,
  X402_PAYMENT_HEADER,
  X402_SETTLEMENT_HEADER,
  type X402Network,
  type X402Payment,
  type X402PaymentRequired,
  type X402Requirements,
  type X402Settlement,
  type X402Terms,
  type X402Verdict,
} from './x402.ts'
