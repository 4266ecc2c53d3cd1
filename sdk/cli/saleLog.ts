import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { getAddress } from 'viem'
import type { Payee } from '../channels/Payee.ts'
import { decodePayment } from '../channels/payment.ts'
import { PAYMENT_HEADER, PAYMENT_PATH, readPaymentHeader } from '../http/headers.ts'
import { harmless } from './output.ts'
import { amountOf, type Unit } from './units.ts'

/** What asks for another payment, not for the goods, is no line's worth: payers come back with one at once. */
const PAY_AGAIN = new Set([402, 409])

/** Prints a line for every answer to a paid request: what was asked for, by whom, and what its channel has paid in all. */
export function logSales(listener: RequestListener, payee: Payee, unit: Unit): RequestListener {
  return (request, response) => {
    response.on('close', () => {
      describe(request, response, payee, unit).then(
        (line) => line && process.stdout.write(`${harmless(line)}\n`),
        () => {
          // No payment, or one that this payee does not know: nothing was sold.
        },
      )
    })
    listener(request, response)
  }
}

async function describe(
  request: IncomingMessage,
  response: ServerResponse,
  payee: Payee,
  unit: Unit,
): Promise<string | undefined> {
  const header = request.headers[PAYMENT_HEADER]
  const path = URL.parse(request.url ?? '', 'http://peer')?.pathname
  if (typeof header !== 'string' || path === PAYMENT_PATH || PAY_AGAIN.has(response.statusCode)) return undefined
  const { channel, accepted } = await payee.standing(decodePayment(readPaymentHeader(header)).channelId)
  const status = response.writableFinished ? response.statusCode : `${response.statusCode}, cut off`
  return `  ${status}  ${path}  to ${getAddress(channel.payer)}, who has paid ${amountOf(accepted, unit)} in all`
}
