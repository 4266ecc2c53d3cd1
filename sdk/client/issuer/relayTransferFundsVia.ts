import type { TransferFundsRequest } from '../../chain/actions/signTransferFunds.ts'
import { ScripError } from '../../errors/ScripError.ts'
import {
  readTransferReceipt,
  TRANSFER_FUNDS_PATH,
  type TransferReceipt,
  writeMessage,
} from '../../http/gatewayMessages.ts'
import { ask } from './ask.ts'
import type { GatewayClient } from './gatewayClient.ts'

/**
 * Sends a signed payment through the gateway of the issuer, and the same again until there is an answer. The same request
 * may be sent at any time and any number of times: it is carried out once, and gets the first answer.
 * @returns The fee in base units that the payer was debited beyond the amount, and the transaction that carried it out.
 * @throws For good: `INSUFFICIENT_BALANCE`, `INVALID_ARGUMENT`, `INVALID_SIGNATURE`, `MESSAGE_CONFLICT`, `MESSAGE_EXPIRED`,
 * `TRANSACTION_REVERTED`, `UNKNOWN_CURRENCY`. When the time is over and the outcome is open: `PEER_UNREACHABLE`,
 * `TRANSFER_INTERRUPTED`, `TRANSACTION_PENDING`, `ISSUER_UNAVAILABLE`, `TOO_MANY_REQUESTS`; send the same request again.
 */
export async function relayTransferFundsVia(
  gateway: GatewayClient,
  { request, signal }: { request: TransferFundsRequest; signal?: AbortSignal },
): Promise<TransferReceipt> {
  const answer = await ask(gateway, TRANSFER_FUNDS_PATH, writeMessage(request), signal)
  const receipt = readTransferReceipt(answer)
  if (receipt.transactionId.toLowerCase() === request.transactionId.toLowerCase()) return receipt
  throw new ScripError('PROTOCOL_VIOLATION', { detail: 'The gateway answers for another message.' })
}
