import type { Address, Hex } from 'viem'
import { signCurrencyMessage } from '../currencyMessages.ts'
import { randomBytes32 } from '../randomBytes32.ts'
import { accountOf, type ScripClient } from '../transact.ts'

/** A signed transferFundsRequest of the Lightweight Currency Protocol (Turner & Ross 2003). */
export type TransferFundsRequest = {
  readonly currency: Address
  readonly from: Address
  readonly recipient: Address
  /** Base units that the recipient gets. */
  readonly amount: bigint
  /** 32 bytes. */
  readonly transactionId: Hex
  /** Tells the payer's messages apart: it makes a message that is sent again execute once. */
  readonly messageCounter: bigint
  /** Unix seconds. */
  readonly validBefore: bigint
  readonly signature: Hex
}

/** What `signTransferFunds` takes. */
export type SignTransferFundsParameters = {
  currency: Address
  recipient: Address
  amount: bigint
  messageCounter: bigint
  validBefore: bigint
  /** Random where nothing is said. */
  transactionId?: Hex
}

/**
 * Signs a payment through the issuer's service, which anyone may bring to the chain.
 * @throws `KEY_MISSING`, `UNKNOWN_CURRENCY`, `RPC_UNREACHABLE`
 */
export async function signTransferFunds(
  client: ScripClient,
  { currency, transactionId = randomBytes32(), ...rest }: SignTransferFundsParameters,
): Promise<TransferFundsRequest> {
  const message = { from: accountOf(client).address, transactionId, ...rest }
  return { currency, ...message, signature: await signCurrencyMessage(client, currency, 'TransferFunds', message) }
}
