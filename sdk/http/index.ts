export {
  AMOUNT_HEADER,
  ANSWER_HEADER,
  ARRIVED_HEADER,
  BOUND_HEADER,
  CREDIT_HEADER,
  PAYMENT_HEADER,
  PAYMENT_PATH,
  PRICE_HEADER,
  QUOTE_HEADER,
  readAmount,
  readPaymentHeader,
  writePaymentHeader,
} from './headers.ts'
export { KILOBYTE, kilobytes } from './price.ts'
export { PROBLEM_TYPE, readProblem, receiveProblem } from './problem.ts'
export { type Quote, readQuote, writeQuote } from './quote.ts'
