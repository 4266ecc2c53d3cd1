import { type Address, type Hex, parseSignature } from 'viem'
import { readContract } from 'viem/actions'
import { issuerCurrencyAbi as abi } from '../../abi/issuerCurrency.ts'
import { signCurrencyMessage } from '../currencyMessages.ts'
import { accountOf, guarded, type ScripClient } from '../transact.ts'

/** A signed approval, ready for `IssuerCurrency.permit`. */
export type Permit = {
  readonly owner: Address
  readonly spender: Address
  /** Base units. */
  readonly value: bigint
  /** Unix seconds. */
  readonly deadline: bigint
  readonly v: number
  readonly r: Hex
  readonly s: Hex
}

/**
 * Signs an approval of the client's account for a spender, which anyone may bring to the chain (ERC-2612).
 * @throws `KEY_MISSING`, `UNKNOWN_CURRENCY`, `RPC_UNREACHABLE`
 */
export async function signPermit(
  client: ScripClient,
  { currency, spender, value, deadline }: { currency: Address; spender: Address; value: bigint; deadline: bigint },
): Promise<Permit> {
  const owner = accountOf(client).address
  const nonce = await guarded(abi, () =>
    readContract(client, { address: currency, abi, functionName: 'nonces', args: [owner] }),
  )
  const signature = await signCurrencyMessage(client, currency, 'Permit', { owner, spender, value, nonce, deadline })
  const { r, s, yParity } = parseSignature(signature)
  return { owner, spender, value, deadline, v: 27 + yParity, r, s }
}
