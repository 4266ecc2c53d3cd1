import { type Address, parseEventLogs } from 'viem'
import { readContract } from 'viem/actions'
import { paymentChannelsAbi as abi } from '../../abi/paymentChannels.ts'
import { addresses } from '../addresses.ts'
import { channelsCall } from '../channelCalls.ts'
import { accountOf, guarded, requireCode, type ScripClient, type Transaction, transact } from '../transact.ts'
import { approve } from './approve.ts'

/** Which of an account's purses, and how much of it. */
export type PurseParameters = {
  currency: Address
  /** Whose vouchers may draw on it; the client's account where nothing is said. */
  signer?: { readonly address: Address }
  /** Base units. */
  amount: bigint
}

/**
 * Moves base units from the account's wallet into its purse, which opens it. `PaymentChannels.fundPurse`. A purse is
 * unsecured credit: its channels' payees have no claim on it that the payer could not empty.
 * @returns What is in the purse then, in base units.
 * @throws `INSUFFICIENT_BALANCE`, `TRANSACTION_REVERTED` with `ZeroAmount` or `InexactTransfer`, and what `transact` throws
 */
export async function fundPurse(
  client: ScripClient,
  { currency, signer = accountOf(client), amount }: PurseParameters,
): Promise<Transaction & { balance: bigint }> {
  await approve(client, { token: currency, spender: addresses.paymentChannels, amount })
  const { hash, receipt } = await transact(client, channelsCall('fundPurse', [currency, signer.address, amount]))
  const [event] = parseEventLogs({ abi, eventName: 'PurseFunded', logs: receipt.logs })
  return { balance: event?.args.balance ?? 0n, hash, receipt }
}

/**
 * Moves base units from the account's purse to its balance in the channels contract, at once.
 * `PaymentChannels.withdrawPurse`.
 * @returns What is left in the purse, in base units.
 * @throws `TRANSACTION_REVERTED` with `InsufficientPurse` or `ZeroAmount`, and what `transact` throws
 */
export async function withdrawPurse(
  client: ScripClient,
  { currency, signer = accountOf(client), amount }: PurseParameters,
): Promise<Transaction & { balance: bigint }> {
  const { hash, receipt } = await transact(client, channelsCall('withdrawPurse', [currency, signer.address, amount]))
  const [event] = parseEventLogs({ abi, eventName: 'PurseWithdrawn', logs: receipt.logs })
  return { balance: event?.args.balance ?? 0n, hash, receipt }
}

/**
 * What is in a purse, in base units, and whether its payer ever opened it. `PaymentChannels.purseOf`.
 * @throws `NOT_DEPLOYED`, `RPC_UNREACHABLE`
 */
export async function getPurse(
  client: ScripClient,
  { payer, currency, signer }: { payer: Address; currency: Address; signer: Address },
): Promise<{ balance: bigint; opened: boolean }> {
  return guarded(abi, async () => {
    const address = addresses.paymentChannels
    await requireCode(client, address)
    const args = [payer, currency, signer] as const
    const [balance, opened] = await readContract(client, { address, abi, functionName: 'purseOf', args })
    return { balance, opened }
  })
}
