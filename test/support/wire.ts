import { EventEmitter, once } from 'node:events'
import { type IncomingHttpHeaders, request } from 'node:http'
import { openChannel } from '@scrip/sdk/chain'
import { createPayer, type Payer, type Statement } from '@scrip/sdk/channels'
import { ANSWER_HEADER, PAYMENT_HEADER, PAYMENT_PATH, writeStatedPayment } from '@scrip/sdk/http'
import { memoryStore } from '@scrip/sdk/store'
import type { Market, Person, Shop } from './market.ts'

/** An answer as it comes over the wire, without any client of ours. */
export type WireAnswer = {
  status: number
  headers: IncomingHttpHeaders
  /** What arrived of the body so far. */
  body(): Buffer
  /** Resolves when so many bytes of the body arrived. Rejects when the answer ends before. */
  arrived(length: number): Promise<void>
  /** Resolves when the answer is over: whether it was complete. */
  over: Promise<boolean>
  hangUp(): void
}

/** Sends a request over a connection of its own and waits for the head of the answer. */
export async function ask(
  url: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string | string[]> } = {},
): Promise<WireAnswer> {
  const outgoing = request(url, { method, headers, agent: false, maxHeaderSize: 2 ** 22 })
  outgoing.end()
  const [incoming] = await once(outgoing, 'response')
  // A connection that is cut off ends the answer, which is what is looked for.
  outgoing.on('error', () => {})
  incoming.on('error', () => {})
  const progress = new EventEmitter()
  const chunks: Buffer[] = []
  let length = 0
  let isOver = false
  incoming.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    length += chunk.length
    progress.emit('change')
  })
  const over = new Promise<boolean>((resolve) => {
    incoming.on('close', () => {
      isOver = true
      progress.emit('change')
      resolve(incoming.complete)
    })
  })
  return {
    status: incoming.statusCode,
    headers: incoming.headers,
    body: () => Buffer.concat(chunks),
    arrived: async (wanted) => {
      while (length < wanted && !isOver) await once(progress, 'change')
      if (length < wanted) throw new Error(`The answer ended after ${length} of ${wanted} bytes.`)
    },
    over,
    hangUp: () => outgoing.destroy(),
  }
}

/** The body of an answer that is a problem, when it is there. */
export async function problemIn(answer: WireAnswer): Promise<Record<string, unknown>> {
  await answer.over
  return JSON.parse(answer.body().toString())
}

/** A payer on a channel that was just opened to a shop. */
export async function openPayer(
  market: Market,
  { account, client }: Person,
  { payee }: Shop,
  { deposit = 100_000n, tickAmount = 1n, currency = market.currency } = {},
): Promise<Payer> {
  const { transaction: _, ...channel } = await openChannel(client, { payee: payee.address, currency, deposit })
  return createPayer({ channel, signer: account, store: memoryStore(), tickAmount })
}

/** The header that carries a payment, and what its payer states of it. */
export function carrying(payment: Uint8Array, statement: Statement = {}): Record<string, string> {
  return { [PAYMENT_HEADER]: writeStatedPayment(payment, statement) }
}

/** Sends a payment alone, for an answer under way where one is named. */
export async function payAlone(url: string, payment: Uint8Array, meantFor?: { answer: WireAnswer; amount: bigint }) {
  const { answer, amount } = meantFor ?? {}
  const name = answer?.headers[ANSWER_HEADER]
  const answered = await ask(new URL(PAYMENT_PATH, url).href, {
    method: 'POST',
    headers: {
      ...carrying(payment, amount === undefined ? {} : { amount }),
      ...(typeof name === 'string' && { [ANSWER_HEADER]: name }),
    },
  })
  await answered.over
  return answered
}
