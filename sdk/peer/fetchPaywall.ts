import { answerFetch, webReader } from './answerFetch.ts'
import { createPaywall, type PaywallParameters } from './createPaywall.ts'

/**
 * `paywall` for servers of the web's standard: a handler from `Request` to `Response`, in whatever runs those. What the
 * runtime passes on besides the request reaches the handler.
 * @throws `INVALID_ARGUMENT` where the price is none
 */
export function fetchPaywall<Rest extends unknown[]>(
  parameters: PaywallParameters<Request>,
  handler: (request: Request, ...rest: Rest) => Response | Promise<Response>,
): (request: Request, ...rest: Rest) => Promise<Response> {
  const wall = createPaywall(parameters, webReader)
  return (request, ...rest) => answerFetch(wall, request, request.method, () => handler(request, ...rest))
}
