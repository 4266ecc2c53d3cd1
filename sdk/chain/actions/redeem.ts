import { type Address, type Hex, parseEventLogs } from 'viem'
import { issuerCurrencyAbi as abi } from '../../abi/issuerCurrency.ts'
import { transactCurrency } from '../currencyCall.ts'
import type { ScripClient, Transaction } from '../transact.ts'

/**
 * Hands base units back to the issuer for what it promised; they are locked until it is decided. `IssuerCurrency.redeem`.
 * @param parameters `termsHash`: what is asked for, agreed elsewhere, 32 bytes.
 * @throws `UNKNOWN_CURRENCY`, `INSUFFICIENT_BALANCE`, `TRANSACTION_REVERTED` with `RedemptionNotOffered` or
 * `InvalidRedemption`, and what `transact` throws
 */
export async function redeem(
  client: ScripClient,
  { currency, amount, termsHash }: { currency: Address; amount: bigint; termsHash: Hex },
): Promise<Transaction & { id: bigint }> {
  const { hash, receipt } = await transactCurrency(client, currency, 'redeem', [amount, termsHash])
  const [event] = parseEventLogs({ abi, eventName: 'RedemptionRequested', logs: receipt.logs })
  // The simulation's id could belong to a holder whose transaction came first; the event's cannot.
  return { id: event?.args.id ?? 0n, hash, receipt }
}
