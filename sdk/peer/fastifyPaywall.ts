import type { IncomingMessage, ServerResponse } from 'node:http'
import { PAYMENT_PATH, RECEIPT_PATH } from '../http/headers.ts'
import { answerNode, nodeReader } from './answerNode.ts'
import { createPaywall, type PaywallParameters } from './createPaywall.ts'

/** As much of fastify's request as a paywall needs. */
export type FastifyAsked = { readonly raw: IncomingMessage }

/** As much of fastify's reply as a paywall needs. */
export type FastifyReply = { readonly raw: ServerResponse; hijack(): unknown }

/** As much of fastify as a paywall needs. */
export type FastifyServer<Asked extends FastifyAsked> = {
  addHook(name: 'onRequest', hook: (request: Asked, reply: FastifyReply, done: () => void) => void): unknown
  hasRoute(route: { method: 'GET' | 'POST'; url: string }): boolean
  get(url: string, handler: () => unknown): unknown
  post(url: string, handler: () => unknown): unknown
}

/**
 * `paywall` as a plugin of fastify: it sells the routes of the instance that it is registered on, and those below.
 * @throws `INVALID_ARGUMENT` where the price is none
 */
export function fastifyPaywall<Asked extends FastifyAsked>(
  parameters: PaywallParameters<Asked>,
): (server: FastifyServer<Asked>, options: unknown, done: () => void) => void {
  const wall = createPaywall<Asked>(parameters, {
    method: ({ raw }) => nodeReader.method(raw),
    target: ({ raw }) => nodeReader.target(raw),
    header: ({ raw }, name) => nodeReader.header(raw, name),
  })
  const plugin = (server: FastifyServer<Asked>, _options: unknown, done: () => void) => {
    server.addHook('onRequest', (request, reply, goOn) => {
      const taken = () => reply.hijack()
      answerNode(wall, wall.decide(request), request.raw, reply.raw, goOn, taken).catch(() => reply.raw.destroy())
    })
    // Both are answered before: a route makes fastify call the hook.
    const nothing = () => undefined
    if (!server.hasRoute({ method: 'POST', url: PAYMENT_PATH })) server.post(PAYMENT_PATH, nothing)
    if (!server.hasRoute({ method: 'GET', url: RECEIPT_PATH })) server.get(RECEIPT_PATH, nothing)
    done()
  }
  // fastify would keep the hook to the plugin's own routes otherwise.
  return Object.assign(plugin, { [Symbol.for('skip-override')]: true })
}
