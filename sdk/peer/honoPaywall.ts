import { meterBody, replyOf, targetIn } from './answerFetch.ts'
import { createPaywall, type PaywallParameters } from './createPaywall.ts'

/** As much of hono's context as a paywall needs. */
export type HonoContext = {
  readonly req: {
    readonly method: string
    readonly url: string
    header(name: string): string | undefined
  }
  res: Response
  readonly error?: Error | undefined
}

/**
 * `paywall` as a middleware of hono, wherever hono runs. It takes payments for answers under way at `PAYMENT_PATH`, so it
 * must see that path, too: `app.use(wall)` with a price that is a function, or `app.use('/.well-known/scrip/*', wall)`
 * beside the routes that are sold.
 * @throws `INVALID_ARGUMENT` where the price is none
 */
export function honoPaywall<Context extends HonoContext>(
  parameters: PaywallParameters<Context>,
): (context: Context, next: () => Promise<void>) => Promise<Response | undefined> {
  const wall = createPaywall(parameters, {
    method: ({ req }) => req.method,
    target: ({ req }) => targetIn(req.url),
    header: ({ req }, name) => req.header(name),
  })
  return async (context, next) => {
    const decision = await wall.decide(context)
    if (decision.kind === 'reply') return replyOf(decision.reply)
    if (decision.kind === 'free') {
      await next()
      return undefined
    }
    const { sale } = decision
    try {
      await next()
      const answer = context.res
      const metered = meterBody(answer, context.req.method, sale, wall.patience)
      // hono would add the old answer's headers to the new one.
      context.res = undefined as unknown as Response
      context.res = metered
    } catch (error) {
      sale.end('failed')
      throw error
    }
    return undefined
  }
}
