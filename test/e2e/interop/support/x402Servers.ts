import type { RequestListener } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import {
  type HTTPAdapter,
  type HTTPResponseInstructions,
  type RoutesConfig,
  x402HTTPResourceServer,
  type x402ResourceServer,
} from '@x402/core/server'
import { paymentMiddleware as expressMiddleware } from '@x402/express'
import { paymentMiddleware as honoMiddleware } from '@x402/hono'
import express from 'express'
import { Hono } from 'hono'

/** What a path answers: a status, and a text. An answer may be waited for. */
export type Pages = { readonly [path: string]: () => Promise<[status: 200 | 500, text: string]> }

/** A stock server that sells pages on the terms of its routes. */
type Serve = (server: x402ResourceServer, routes: RoutesConfig, pages: Pages) => RequestListener

/** The stock servers, by what carries them. */
export const servers: Record<'express' | 'hono' | 'fetch', Serve> = {
  express: (server, routes, pages) => {
    const app = express().use(expressMiddleware(routes, server))
    for (const [path, page] of Object.entries(pages)) {
      app.get(path, async (_request, response) => {
        const [status, text] = await page()
        response.status(status).send(text)
      })
    }
    return app
  },

  hono: (server, routes, pages) => {
    const app = new Hono().use(honoMiddleware(routes, server))
    for (const [path, page] of Object.entries(pages)) {
      app.get(path, async (context) => {
        const [status, text] = await page()
        return context.text(text, status)
      })
    }
    return getRequestListener(app.fetch)
  },

  fetch: (server, routes, pages) =>
    getRequestListener(
      paidFetch(server, routes, async (request) => {
        const page = pages[new URL(request.url).pathname]
        const [status, text] = page ? await page() : [404, 'There is nothing here.']
        return new Response(text, { status })
      }),
    ),
}

// #region fetch
/** Puts stock x402 before a handler in the style of `fetch`, as Deno, Bun and workers have them. */
export function paidFetch(
  server: x402ResourceServer,
  routes: RoutesConfig,
  handler: (request: Request) => Promise<Response>,
): (request: Request) => Promise<Response> {
  const http = new x402HTTPResourceServer(server, routes)
  let ready: Promise<void> | undefined
  const initialize = () => {
    ready ??= http.initialize().catch((error: unknown) => {
      ready = undefined
      throw error
    })
    return ready
  }
  return async (request) => {
    await initialize()
    const context = { adapter: adapter(request), path: new URL(request.url).pathname, method: request.method }
    const outcome = await http.processHTTPRequest(context)
    if (outcome.type === 'no-payment-required') return handler(request)
    if (outcome.type === 'payment-error') return refusal(outcome.response)

    const { paymentPayload, paymentRequirements, cancellationDispatcher } = outcome
    let response: Response
    try {
      response = await handler(request)
    } catch (error) {
      await cancellationDispatcher.cancel({ reason: 'handler_threw', error })
      throw error
    }
    if (response.status >= 400) {
      await cancellationDispatcher.cancel({ reason: 'handler_failed', responseStatus: response.status })
      return response
    }
    const settled = await http.processSettlement(paymentPayload, paymentRequirements, undefined, { request: context })
    if (!settled.success) return refusal(settled.response)
    for (const [name, value] of Object.entries(settled.headers)) response.headers.set(name, value)
    return response
  }
}

function refusal({ status, headers, body, isHtml }: HTTPResponseInstructions): Response {
  return new Response(isHtml ? String(body) : JSON.stringify(body ?? {}), { status, headers })
}

function adapter({ headers, method, url }: Request): HTTPAdapter {
  return {
    getHeader: (name) => headers.get(name) ?? undefined,
    getMethod: () => method,
    getPath: () => new URL(url).pathname,
    getUrl: () => url,
    getAcceptHeader: () => headers.get('accept') ?? '',
    getUserAgent: () => headers.get('user-agent') ?? '',
  }
}
// #endregion
