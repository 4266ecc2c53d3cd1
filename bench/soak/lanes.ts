import { Agent, get } from 'node:http'
import { decodePayment, type Payer } from '@scrip/sdk/channels'
import { PAYMENT_HEADER, PRICE_HEADER, writeStatedPayment } from '@scrip/sdk/http'
import type { ScripProblem } from './tally.ts'
import { count } from './tally.ts'

/** One payer with one request in flight, and what it knows of its channel. */
export type Lane = {
  readonly payer: Payer
  readonly agent: Agent
  /** The total that the peer has, as its answers say, and what it served for that. Base units. */
  acknowledged: bigint
  served: bigint
  /** The last payment that was acknowledged. */
  last?: string
}

export function newLane(payer: Payer): Lane {
  return { payer, agent: new Agent({ keepAlive: true, maxSockets: 1 }), acknowledged: 0n, served: 0n }
}

/** The header of a payment of `amount`, and what the total is with it. */
export async function payment({ payer }: Lane, amount: bigint) {
  const from = await payer.paid()
  const bytes = await payer.pay(amount)
  return { bytes, header: writeStatedPayment(bytes, { amount, arrived: from }), total: from + amount }
}

/** Buys a kilobyte. */
export async function buyOne(lane: Lane, port: number): Promise<void> {
  const { bytes, header, total } = await payment(lane, 1n)
  const outcome = await ask(port, '/small', header, lane.agent)
  count('requests', outcome)
  if (outcome !== 'ok') return pause(50)
  lane.payer.confirm(bytes)
  if (decodePayment(bytes).voucher !== undefined) count('requests', 'ok, by a voucher')
  Object.assign(lane, { acknowledged: total, served: lane.served + 1n, last: header })
}

/** Sends a request. @returns `ok`, the code of a refusal, or why none came */
export function ask(port: number, path: string, header: string, agent?: Agent): Promise<string> {
  const headers = { [PAYMENT_HEADER]: header, [PRICE_HEADER]: '1/kilobyte' }
  return new Promise((resolve) => {
    const outgoing = get(
      { port, host: '127.0.0.1', path, headers, agent: agent ?? false, timeout: 30_000 },
      (answer) => {
        let body = ''
        answer.on('data', (chunk: Buffer) => {
          if (answer.statusCode !== 200) body += chunk
        })
        answer.on('error', () => resolve('cut off'))
        answer.on('end', () => resolve(answer.statusCode === 200 ? 'ok' : codeIn(body)))
      },
    )
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer for 30 seconds')))
    outgoing.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })
}

function codeIn(body: string): string {
  try {
    return (JSON.parse(body) as ScripProblem).code
  } catch {
    return `no problem: ${body.slice(0, 80)}`
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
