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
export { PROBLEM_TYPE, readProblem, receiveProblem } from './problem.ts'
export { type Quote, readQuote, writeQuote } from './quote.ts'
export { type Receipt, readReceipt, receiptDigest, writeReceipt } from './receipt.ts'
export {
  idStartOf,
  type KnownChannel,
  readStatedPayment,
  type StatedPayment,
  writeStatedPayment,
} from './statedPayment.ts'
