import type { ScripError } from '../errors/ScripError.ts'
import type { TransferReceipt } from '../http/gatewayMessages.ts'
import type { Table } from '../store/Store.ts'

/** An answer to a transferFundsRequest as it goes out, and as it is kept. */
export type TransferAnswer = { readonly status: number; readonly body: { readonly [field: string]: unknown } }

/** What is known of a message. Without an answer, a transaction for it is among the relays. */
export type MessageRecord = {
  /** The EIP-712 digest: what the message says, whoever signed it how. */
  readonly digest: string
  /** The first answer. */
  readonly answer?: TransferAnswer
}

/** Every message that was ever carried out or finally refused, by its key. */
export const messages: Table<MessageRecord> = 'gateway-messages'

/** The transferFundsResponse of success. */
export function successAnswer({ fee, transactionId, hash }: TransferReceipt): TransferAnswer {
  return { status: 200, body: { success: true, fee: fee.toString(), transactionId, hash } }
}

/** The transferFundsResponse of failure: problem details that say so. */
export function failureAnswer(error: ScripError): TransferAnswer {
  return { status: error.status, body: { ...error.toProblem(), success: false } }
}
