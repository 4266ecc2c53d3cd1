import type { Address, Hex } from 'viem'
import { signCurrencyMessage } from '../currencyMessages.ts'
import { randomBytes32 } from '../randomBytes32.ts'
import { accountOf, type ScripClient } from '../transact.ts'

/** A transfer that its payer signed (ERC-3009). */
export type TransferAuthorization = {
  readonly from: Address
  readonly to: Address
  /** Base units. */
  readonly value: bigint
  /** Unix seconds after which it holds. */
  readonly validAfter: bigint
  /** Unix seconds before which it holds. */
  readonly validBefore: bigint
  /** 32 random bytes. */
  readonly nonce: Hex
  /** Whether only the recipient may use it. */
  readonly receiveOnly: boolean
  readonly signature: Hex
}

/** What `signTransferAuthorization` takes. */
export type SignTransferAuthorizationParameters = {
  currency: Address
  to: Address
  /** Base units. */
  value: bigint
  /** Unix seconds before which it holds. */
  validBefore: bigint
  /** Unix seconds after which it holds; at once where nothing is said. */
  validAfter?: bigint
  /** 32 bytes; random where nothing is said. */
  nonce?: Hex
  /** Lets only the recipient use it, so that a contract can rely on being called by it. */
  receiveOnly?: boolean
}

/**
 * Signs a transfer from the client's account, which anyone, or only the recipient, may bring to the chain (ERC-3009).
 * @throws `KEY_MISSING`, `UNKNOWN_CURRENCY`, `RPC_UNREACHABLE`
 */
export async function signTransferAuthorization(
  client: ScripClient,
  parameters: SignTransferAuthorizationParameters,
): Promise<TransferAuthorization> {
  const { currency, to, value, validBefore, validAfter = 0n, nonce = randomBytes32(), receiveOnly = false } = parameters
  const from = accountOf(client).address
  const message = { from, to, value, validAfter, validBefore, nonce }
  const kind = receiveOnly ? 'ReceiveWithAuthorization' : 'TransferWithAuthorization'
  return { ...message, receiveOnly, signature: await signCurrencyMessage(client, currency, kind, message) }
}
