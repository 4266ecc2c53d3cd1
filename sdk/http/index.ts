export { BOUND_HEADER, CREDIT_HEADER, PAYMENT_HEADER, PAYMENT_PATH, QUOTE_HEADER, readPaymentHeader, writePaymentHeader } from './headers.ts'
export { KILOBYTE, kilobytes } from './price.ts'
export { PROBLEM_TYPE, readProblem } from './problem.ts'
export { type Quote, readQuote, writeQuote } from './quote.ts'
