import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { createAdaptorServer } from '@hono/node-server'
import type { Payee } from '@scrip/sdk/channels'
import { KILOBYTE, type Price } from '@scrip/sdk/http'
import {
  expressPaywall,
  fastifyPaywall,
  fetchPaywall,
  honoPaywall,
  type PaywallParameters,
  paywall,
} from '@scrip/sdk/peer'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { bytes, type Market, type Person } from '../../../support/market.ts'

/** Goods that a test has a hand in, whatever server sells them. */
export class Stage {
  readonly cues = new EventEmitter()
  /** Requests that a handler saw. */
  calls = 0
  /** Chunks of an endless body that were made. */
  produced = 0

  /** One event of a stream for every cue, until the last one. */
  async *events(): AsyncGenerator<string> {
    for (let number = 1; ; number++) {
      yield `data: ${number}\n\n`
      const [isLast] = await once(this.cues, 'next')
      if (isLast === true) return
    }
  }

  async *endless(): AsyncGenerator<Uint8Array> {
    const chunk = bytes(16 * KILOBYTE)
    for (;;) {
      this.produced++
      yield chunk
    }
  }

  /** Breaks in the middle. */
  async *broken(): AsyncGenerator<Uint8Array> {
    yield bytes(3_000)
    await once(this.cues, 'next')
    throw new Error('broken')
  }

  stream(kind: string): AsyncGenerator<Uint8Array | string> | undefined {
    if (kind === 'events') return this.events()
    if (kind === 'endless') return this.endless()
    return kind === 'breaks' ? this.broken() : undefined
  }
}

/** What an address sells: `/kilobyte/sized/5000`. */
export function orderIn(target: string): { unit: string; kind: string; size: number } {
  const [, unit = '', kind = '', size = '0'] = new URL(target, 'http://shop').pathname.split('/')
  return { unit, kind, size: Number(size) }
}

export function priceOf(target: string): Price | undefined {
  const { unit } = orderIn(target)
  if (unit === 'call') return { perCall: 5n }
  if (unit === 'second') return { perSecond: 3n }
  return unit === 'kilobyte' ? { perKilobyte: 1n } : undefined
}

type Terms = Omit<PaywallParameters<object>, 'price' | 'item'>

/** A server that sells what a stage has, at prices that depend on the address. */
export type Counter = { url: string; server: Server; close(): Promise<void> }

/** How each server is opened. */
export const counters: Record<string, (stage: Stage, terms: Terms) => Promise<Counter>> = {
  'node:http': (stage, terms) => {
    const price = ({ url }: IncomingMessage) => priceOf(url ?? '/')
    return opened(createServer(paywall({ ...terms, price }, nodeGoods(stage))))
  },

  express: (stage, terms) => {
    const app = express()
    app.disable('x-powered-by').set('env', 'test')
    app.use(expressPaywall({ ...terms, price: ({ url }) => priceOf(url ?? '/') }))
    app.use(nodeGoods(stage))
    return opened(createServer(app))
  },

  fastify: async (stage, terms) => {
    const app = fastify({ forceCloseConnections: true })
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    await app.register(fastifyPaywall({ ...terms, price: ({ raw }) => priceOf(raw.url ?? '/') }))
    app.route({
      method: ['GET', 'POST'],
      url: '/*',
      handler: async (request, reply) => {
        stage.calls++
        const { kind, size } = orderIn(request.url)
        const stream = stage.stream(kind)
        if (kind === 'throws') throw new Error('broken')
        if (kind === 'missing') return reply.code(404).send('nothing')
        if (kind === 'echo') return reply.send(request.body)
        return stream ? reply.send(Readable.from(stream, { objectMode: false })) : reply.send(Buffer.from(bytes(size)))
      },
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = app.server.address() as AddressInfo
    return { url: `http://127.0.0.1:${port}`, server: app.server, close: () => app.close() }
  },

  hono: (stage, terms) => {
    const app = new Hono()
    app.use(honoPaywall({ ...terms, price: ({ req }) => priceOf(req.url) }))
    app.all('*', ({ req }) => webGoods(stage, req.raw))
    return opened(createAdaptorServer({ fetch: app.fetch }) as Server)
  },

  'fetch handlers': (stage, terms) => {
    const sell = fetchPaywall({ ...terms, price: ({ url }) => priceOf(url) }, (request: Request) =>
      webGoods(stage, request),
    )
    return opened(createAdaptorServer({ fetch: (request) => sell(request) }) as Server)
  },
}

function nodeGoods(stage: Stage): (request: IncomingMessage, response: ServerResponse) => unknown {
  const goods: RequestListener = (request, response) => {
    stage.calls++
    const { kind, size } = orderIn(request.url ?? '/')
    const stream = stage.stream(kind)
    if (kind === 'throws') throw new Error('broken')
    if (kind === 'missing') response.writeHead(404).end('nothing')
    else if (kind === 'echo') buffer(request).then((body) => response.end(body))
    else if (stream !== undefined) {
      const source = Readable.from(stream, { objectMode: false })
      source.on('error', (error) => response.destroy(error)).pipe(response)
    } else response.end(Buffer.from(bytes(size)))
  }
  return goods
}

function webGoods(stage: Stage, request: Request): Response | Promise<Response> {
  stage.calls++
  const { kind, size } = orderIn(request.url)
  const stream = stage.stream(kind)
  if (kind === 'throws') throw new Error('broken')
  if (kind === 'missing') return new Response('nothing', { status: 404 })
  if (kind === 'echo') return request.arrayBuffer().then((body) => new Response(body))
  if (stream === undefined) return new Response(Buffer.from(bytes(size)), { headers: { 'content-length': `${size}` } })
  return new Response(Readable.toWeb(Readable.from(stream, { objectMode: false })) as ReadableStream)
}

async function opened(server: Server): Promise<Counter> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    server,
    close: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** What was paid to a payee and what it served for that, in base units over all channels. */
export async function booksOf(payee: Payee): Promise<{ accepted: bigint; charged: bigint }> {
  const sums = { accepted: 0n, charged: 0n }
  for (const { channel } of await payee.claimable()) {
    const { accepted, charged } = await payee.standing(channel.id)
    sums.accepted += accepted
    sums.charged += charged
  }
  return sums
}

/** What a paywall takes besides its price. */
export function termsFor({ currency }: Market, { client }: Person, payee: Payee): Terms {
  return { payee, client, currency, patience: 400, onError: () => {} }
}
