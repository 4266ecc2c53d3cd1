import type { IncomingMessage, RequestListener } from 'node:http'
import { answerNode, nodeReader } from './answerNode.ts'
import { createPaywall, type PaywallParameters } from './createPaywall.ts'

/**
 * Puts a price before a handler of `node:http`. Unpaid requests get 402 with a quote; what the handler writes goes out as
 * the payer pays for it, and nothing is buffered beyond one write. Answers with a status of 300 or more are free, and so is,
 * by the kilobyte, a body that does not go out.
 *
 * A request spends its channel's credit only if its payment adds something: who repeats a payment that it overheard gets
 * nothing. Several answers may be paid from one channel at once, their payments in any order: what was paid for one is kept
 * for it. What is about to be served is charged before, in the same write that accepts the payment, and given back where it
 * was not served: a handler that fails costs nothing.
 *
 * @throws `INVALID_ARGUMENT` where the price is none
 */
export function paywall(parameters: PaywallParameters<IncomingMessage>, handler: RequestListener): RequestListener {
  const wall = createPaywall(parameters, nodeReader)
  return (request, response) => {
    const answer = () => handler(request, response) as unknown
    answerNode(wall, wall.decide(request), request, response, answer).catch(() => response.destroy())
  }
}
