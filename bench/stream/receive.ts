import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Payer } from '@scrip/sdk/channels'
import { decodePayment } from '@scrip/sdk/channels'
import {
  ANSWER_HEADER,
  KILOBYTE,
  PAYMENT_HEADER,
  PAYMENT_PATH,
  PRICE_HEADER,
  writeStatedPayment,
} from '@scrip/sdk/http'

/** Kilobytes that a tick pays for. */
export const TICK_KILOBYTES = 16
/** Ticks that are paid ahead of what arrived. */
const TICKS_AHEAD = 256

/** Payments of so many bytes each, written as headers have them. */
export type Payments = { readonly headers: string[]; readonly bytes: number }

/** Payments for a stream of so many bytes, so many ticks in each; the first one pays for all that is paid ahead. */
export async function preparePayments(payer: Payer, size: number, ticks: number): Promise<Payments> {
  const headers: string[] = []
  const add = async (count: number) => {
    const arrived = await payer.paid()
    const amount = BigInt(count * TICK_KILOBYTES)
    const bytes = await payer.pay(amount)
    // They arrive in the order in which they were made.
    payer.confirm(bytes)
    headers.push(writeStatedPayment(bytes, { amount, arrived }, decodePayment(bytes).channel === undefined))
  }
  await add(TICKS_AHEAD)
  for (let paid = TICKS_AHEAD; paid * TICK_KILOBYTES * KILOBYTE < size; paid += ticks) await add(ticks)
  return { headers, bytes: ticks * TICK_KILOBYTES * KILOBYTE }
}

/**
 * Asks for a stream over a bare socket and counts what comes; pays by another one as it comes, where there are payments.
 * @returns Bytes of the body
 */
export async function receive({
  port,
  size,
  payments,
}: {
  port: number
  size: number
  payments?: Payments
}): Promise<number> {
  const paying = payments && connect({ port, host: '127.0.0.1', noDelay: true })
  if (paying) await once(paying, 'connect')
  paying?.on('data', (chunk) => {
    if (!chunk.toString('latin1', 0, 12).endsWith('204')) throw new Error(chunk.toString())
  })
  let next = 0
  let answer = ''
  const pay = () => {
    const header = payments?.headers[next++]
    if (header === undefined) return
    const named = answer === '' ? '' : `${ANSWER_HEADER}: ${answer}\r\n`
    const lines = `host: 127.0.0.1\r\n${PAYMENT_HEADER}: ${header}\r\n${named}content-length: 0\r\n`
    paying?.write(`POST ${PAYMENT_PATH} HTTP/1.1\r\n${lines}\r\n`)
  }

  return new Promise((resolve, reject) => {
    let received = 0
    let head = ''
    const count = (bytes: number) => {
      received += bytes
      if (payments) while (received >= next * payments.bytes && next < payments.headers.length) pay()
      if (received < size) return
      paying?.destroy()
      socket.destroy()
      resolve(received)
    }
    const read = (bytes: number, buffer: Uint8Array): boolean => {
      if (head.includes('\r\n\r\n')) {
        count(bytes)
        return true
      }
      head += Buffer.from(buffer.subarray(0, bytes)).toString('latin1')
      const end = head.indexOf('\r\n\r\n')
      if (end < 0) return true
      if (!head.startsWith('HTTP/1.1 200')) reject(new Error(head))
      answer = new RegExp(`^${ANSWER_HEADER}: (.*)$`, 'im').exec(head)?.[1] ?? ''
      count(head.length - end - 4)
      return true
    }
    const onread = { buffer: Buffer.alloc(256 * KILOBYTE), callback: read }
    const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true, onread })
    socket.on('error', reject)
    socket.on('connect', () => {
      const first = payments?.headers[next++]
      const paid = first === undefined ? '' : `${PAYMENT_HEADER}: ${first}\r\n${PRICE_HEADER}: 1/kilobyte\r\n`
      socket.write(`GET /${size} HTTP/1.1\r\nhost: 127.0.0.1\r\n${paid}\r\n`)
    })
    socket.on('close', () => reject(new Error(`The server hung up after ${received} bytes.`)))
  })
}
