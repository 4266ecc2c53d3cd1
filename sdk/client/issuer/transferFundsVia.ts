import type { TransferFundsRequest } from '../../chain/actions/signTransferFunds.ts'
import type { TransferReceipt } from '../../http/gatewayMessages.ts'
import type { GatewayClient } from './gatewayClient.ts'
import { relayTransferFundsVia } from './relayTransferFundsVia.ts'
import { type SignTransferFundsViaParameters, signTransferFundsVia } from './signTransferFundsVia.ts'

/** What `transferFundsVia` takes. */
export type TransferFundsViaParameters = SignTransferFundsViaParameters & {
  /**
   * Told of the signed request before it is sent. Keep it: where the outcome is open in the end, or this process crashes,
   * `relayTransferFundsVia` sends the same again, while a payment that is signed anew could be one more.
   */
  onSigned?: (request: TransferFundsRequest) => void | Promise<void>
}

/**
 * Pays through the gateway of the issuer, the fee on top: `transferFunds` for holders without gas and without a node.
 * @returns The fee in base units that the payer was debited beyond the amount, and the transaction that carried it out.
 * @throws what `signTransferFundsVia` and `relayTransferFundsVia` throw
 */
export async function transferFundsVia(
  gateway: GatewayClient,
  { onSigned, ...parameters }: TransferFundsViaParameters,
): Promise<TransferReceipt> {
  const { signal } = parameters
  const request = await signTransferFundsVia(gateway, parameters)
  await onSigned?.(request)
  return relayTransferFundsVia(gateway, { request, ...(signal && { signal }) })
}
