import type { Address, Hex } from 'viem'
import { transactCurrency } from '../currencyCall.ts'
import type { ScripClient, Transaction } from '../transact.ts'

/** Which redemption of which currency. */
export type RedemptionParameters = { currency: Address; id: bigint }

/**
 * Takes a redemption on: not fulfilling it in time is a default from now on. Issuer only. `IssuerCurrency.accept`.
 * @throws `TRANSACTION_REVERTED` with `OnlyIssuer`, `WrongRedemptionStatus` or `RedemptionExpired`, and what `transact` throws
 */
export async function acceptRedemption(
  client: ScripClient,
  { currency, id }: RedemptionParameters,
): Promise<Transaction> {
  return send(transactCurrency(client, currency, 'accept', [id]))
}

/**
 * States that the promise was kept. Issuer only. `IssuerCurrency.fulfill`.
 * @param parameters `proofHash`: evidence, kept elsewhere, 32 bytes.
 * @throws `TRANSACTION_REVERTED` with `OnlyIssuer`, `WrongRedemptionStatus` or `RedemptionExpired`, and what `transact` throws
 */
export async function fulfillRedemption(
  client: ScripClient,
  { currency, id, proofHash }: RedemptionParameters & { proofHash: Hex },
): Promise<Transaction> {
  return send(transactCurrency(client, currency, 'fulfill', [id, proofHash]))
}

/**
 * Agrees that the promise was kept. Holder only. `IssuerCurrency.confirm`.
 * @throws `TRANSACTION_REVERTED` with `OnlyHolder` or `WrongRedemptionStatus`, and what `transact` throws
 */
export async function confirmRedemption(
  client: ScripClient,
  { currency, id }: RedemptionParameters,
): Promise<Transaction> {
  return send(transactCurrency(client, currency, 'confirm', [id]))
}

/**
 * States that the promise was not kept; the units are burned all the same. Holder only. `IssuerCurrency.dispute`.
 * @throws `TRANSACTION_REVERTED` with `OnlyHolder`, `WrongRedemptionStatus` or `RedemptionExpired`, and what `transact` throws
 */
export async function disputeRedemption(
  client: ScripClient,
  { currency, id }: RedemptionParameters,
): Promise<Transaction> {
  return send(transactCurrency(client, currency, 'dispute', [id]))
}

/**
 * Ends a redemption whose time is over. `IssuerCurrency.settle`; anyone may.
 * @throws `TRANSACTION_REVERTED` with `WrongRedemptionStatus` or `RedemptionOpen`, and what `transact` throws
 */
export async function settleRedemption(
  client: ScripClient,
  { currency, id }: RedemptionParameters,
): Promise<Transaction> {
  return send(transactCurrency(client, currency, 'settle', [id]))
}

async function send(sent: Promise<Transaction>): Promise<Transaction> {
  const { hash, receipt } = await sent
  return { hash, receipt }
}
