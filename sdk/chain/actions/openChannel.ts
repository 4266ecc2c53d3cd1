import { type Address, bytesToHex, erc20Abi, type Hex } from 'viem'
import { getChainId, readContract } from 'viem/actions'
import type { Channel } from '../../channels/Channel.ts'
import { channelId } from '../../channels/hashes.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { addresses } from '../addresses.ts'
import { channelsCall, descriptor } from '../channelCalls.ts'
import { encodeCall } from '../encodeCall.ts'
import { accountOf, guarded, requireCode, type ScripClient, type Transaction, transact } from '../transact.ts'

/** What `openChannel` takes. */
export type OpenChannelParameters = {
  payee: Address
  /** The token to pay in. */
  currency: Address
  /** Base units to start with. */
  deposit: bigint
  /** Whose vouchers count: a hot key apart from the owner's, or the client's account where nothing is said. */
  signer?: { readonly address: Address }
  /** Seconds between an exit's request and the exit, 15 minutes to 30 days; 24 hours where nothing is said. */
  exitDelay?: number
  /** Tells apart several channels between the same parties, 32 bytes; random where nothing is said. */
  salt?: Hex
}

/** A channel that was just opened. */
export type OpenChannelReturnType = Channel & {
  /** Everything ever deposited, in base units. */
  readonly funded: bigint
  readonly transaction: Transaction
}

const DAY = 24 * 3600

/**
 * Opens a channel from the client's account and funds it from its wallet. `PaymentChannels.fund`. A token that does not
 * approve the channels contract by construction, as issuer currencies do, is approved for the deposit first.
 * @throws `NOT_DEPLOYED`, `INSUFFICIENT_BALANCE`, `TRANSACTION_REVERTED` with `InvalidExitDelay`, `InvalidPayee` or
 * `InexactTransfer`, and what `transact` throws
 */
export async function openChannel(
  client: ScripClient,
  { payee, currency, deposit, signer, exitDelay = DAY, salt = randomSalt() }: OpenChannelParameters,
): Promise<OpenChannelReturnType> {
  const payer = accountOf(client).address
  if (deposit <= 0n) throw new ScripError('INVALID_ARGUMENT', { detail: 'A deposit is positive.', values: { deposit } })
  const chainId = await guarded(erc20Abi, () => getChainId(client))
  const fields = {
    chainId,
    contract: lower(addresses.paymentChannels),
    payer: lower(payer),
    payee: lower(payee),
    token: lower(currency),
    signer: lower((signer ?? { address: payer }).address),
    exitDelay,
    flags: 0,
    salt,
  }
  const channel = { id: channelId(fields), ...fields }
  await approve(client, payer, currency, deposit)
  const { hash, receipt } = await transact(client, channelsCall('fund', [descriptor(channel), deposit]))
  return { ...channel, funded: deposit, transaction: { hash, receipt } }
}

/** Lets the channels contract pull the amount, where it may not yet. */
export async function approve(client: ScripClient, owner: Address, token: Address, amount: bigint): Promise<void> {
  const spender = addresses.paymentChannels
  const allowed = await guarded(erc20Abi, async () => {
    await requireCode(client, token)
    return readContract(client, { address: token, abi: erc20Abi, functionName: 'allowance', args: [owner, spender] })
  })
  if (allowed >= amount) return
  const data = encodeCall({ abi: erc20Abi, functionName: 'approve', args: [spender, amount] })
  await transact(client, { to: token, abi: erc20Abi, data })
}

function lower(address: Address): Address {
  return address.toLowerCase() as Address
}

function randomSalt(): Hex {
  return bytesToHex(crypto.getRandomValues(new Uint8Array(32)))
}
