import type { Channel } from '../../channels/Channel.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { addresses } from '../addresses.ts'
import { channelsCall, descriptor } from '../channelCalls.ts'
import { type ScripClient, type Transaction, transact } from '../transact.ts'
import { approve } from './approve.ts'
import { type DescribeChannelParameters, describeChannel } from './describeChannel.ts'

/** What `openChannel` takes. */
export type OpenChannelParameters = DescribeChannelParameters & {
  /** Base units to start with. */
  deposit: bigint
  /** Takes the deposit from the account's balance in the channels contract in place of its wallet. */
  fromBalance?: boolean
}

/** A channel that was just opened. */
export type OpenChannelReturnType = Channel & {
  /** Everything ever deposited, in base units. */
  readonly funded: bigint
  readonly transaction: Transaction
}

/**
 * Opens a channel from the client's account and funds it from its wallet, or from its balance in the channels contract.
 * `PaymentChannels.fund`, `fundFromBalance`. A token that does not approve the channels contract by construction, as issuer
 * currencies do, is approved for the deposit first.
 * @throws `NOT_DEPLOYED`, `INSUFFICIENT_BALANCE`, `TRANSACTION_REVERTED` with `InvalidExitDelay`, `InvalidPayee`,
 * `InexactTransfer` or `InsufficientBalance`, and what `transact` throws
 */
export async function openChannel(
  client: ScripClient,
  { deposit, fromBalance = false, ...parameters }: OpenChannelParameters,
): Promise<OpenChannelReturnType> {
  if (deposit <= 0n) throw new ScripError('INVALID_ARGUMENT', { detail: 'A deposit is positive.', values: { deposit } })
  const channel = await describeChannel(client, parameters)
  const transaction = await fund(client, { channel, amount: deposit, fromBalance })
  return { ...channel, funded: deposit, transaction }
}

/** Moves base units into a channel's deposit. */
export async function fund(
  client: ScripClient,
  { channel, amount, fromBalance }: { channel: Channel; amount: bigint; fromBalance: boolean },
): Promise<Transaction> {
  if (!fromBalance) await approve(client, { token: channel.token, spender: addresses.paymentChannels, amount })
  const name = fromBalance ? 'fundFromBalance' : 'fund'
  const { hash, receipt } = await transact(client, channelsCall(name, [descriptor(channel), amount]))
  return { hash, receipt }
}
