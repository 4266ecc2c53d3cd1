import { type Address, bytesToBigInt, bytesToHex, type Hex } from 'viem'
import type { TransferFundsRequest } from '../../chain/actions/signTransferFunds.ts'
import { currencyMessages } from '../../chain/currencyMessages.ts'
import { ScripError } from '../../errors/ScripError.ts'
import type { GatewayClient } from './gatewayClient.ts'
import { getCurrencyVia } from './getCurrencyVia.ts'

/** What `signTransferFundsVia` takes. */
export type SignTransferFundsViaParameters = {
  currency: Address
  recipient: Address
  /** Base units that the recipient gets. */
  amount: bigint
  /** What the recipient recognizes the payment by, 32 bytes; random where nothing is said. */
  transactionId?: Hex
  /** Tells the payer's messages apart; random where nothing is said. */
  messageCounter?: bigint
  /** Unix seconds until which the message can be carried out; in 10 minutes where nothing is said. */
  validBefore?: bigint
  signal?: AbortSignal
}

const VALID_SECONDS = 600

/**
 * Signs a payment, without a node. Whoever keeps the request can send it again after a crash with `relayTransferFundsVia`,
 * and never pays twice.
 * @throws `KEY_MISSING`, and what `getCurrencyVia` throws
 */
export async function signTransferFundsVia(
  gateway: GatewayClient,
  { currency, recipient, amount, signal, ...rest }: SignTransferFundsViaParameters,
): Promise<TransferFundsRequest> {
  const { account } = gateway
  if (account === undefined) throw new ScripError('KEY_MISSING', { hint: 'Give the gateway client an account.' })
  const { chainId, name } = await getCurrencyVia(gateway, { currency, ...(signal && { signal }) })
  const message = {
    from: account.address,
    recipient,
    amount,
    transactionId: rest.transactionId ?? bytesToHex(random()),
    messageCounter: rest.messageCounter ?? bytesToBigInt(random()),
    validBefore: rest.validBefore ?? BigInt(Math.floor(Date.now() / 1_000) + VALID_SECONDS),
  }
  const signature = await account.signTypedData({
    domain: { name, version: '1', chainId, verifyingContract: currency },
    types: { TransferFunds: currencyMessages.TransferFunds },
    primaryType: 'TransferFunds',
    message,
  })
  return { currency, ...message, signature }
}

function random(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(32))
}
