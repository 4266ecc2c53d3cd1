import type { Address, Hex } from 'viem'
import { signChannelMessage } from '../channelMessages.ts'
import { randomBytes32 } from '../randomBytes32.ts'
import { accountOf, type ScripClient } from '../transact.ts'

/** A withdrawal that its owner signed, for somebody with gas to bring to the chain. */
export type Withdrawal = {
  readonly owner: Address
  readonly token: Address
  /** Base units. */
  readonly amount: bigint
  readonly to: Address
  /** 32 bytes that the owner used for nothing else. */
  readonly nonce: Hex
  /** Unix seconds until which it holds. */
  readonly deadline: bigint
  readonly signature: Hex
}

/** What `signWithdrawal` takes. */
export type SignWithdrawalParameters = {
  currency: Address
  /** Base units. */
  amount: bigint
  /** The account's own wallet where nothing is said. */
  to?: Address
  /** Unix seconds until which it holds. */
  deadline: bigint
  /** 32 bytes; random where nothing is said. */
  nonce?: Hex
}

/**
 * Signs a withdrawal of the client's account from its balance in the channels contract. It can be used once.
 * @throws `KEY_MISSING`, `RPC_UNREACHABLE`
 */
export async function signWithdrawal(
  client: ScripClient,
  { currency, amount, to = accountOf(client).address, deadline, nonce = randomBytes32() }: SignWithdrawalParameters,
): Promise<Withdrawal> {
  const message = { owner: accountOf(client).address, token: currency, amount, to, nonce, deadline }
  return { ...message, signature: await signChannelMessage(client, 'Withdraw', message) }
}
