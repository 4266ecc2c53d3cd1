import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerNode, nodeReader } from './answerNode.ts'
import { createPaywall, type PaywallParameters } from './createPaywall.ts'

/**
 * `paywall` as a middleware of express, and of everything with the same middlewares. It takes payments for answers under way
 * at `PAYMENT_PATH`, so it must see that path, too: `app.use(wall)` with a price that is a function, or
 * `app.use('/.well-known/scrip', wall)` beside the routes that are sold.
 * @throws `INVALID_ARGUMENT` where the price is none
 */
export function expressPaywall<Request extends IncomingMessage = IncomingMessage>(
  parameters: PaywallParameters<Request>,
): (request: Request, response: ServerResponse, next: (error?: unknown) => void) => void {
  const wall = createPaywall(parameters, nodeReader)
  return (request, response, next) => {
    // What is thrown further down goes to express's own error handling, which answers: a failure is free.
    answerNode(wall, wall.decide(request), request, response, () => next()).catch(next)
  }
}
