import { type Address, erc20Abi, type Hex } from 'viem'
import { getChainId } from 'viem/actions'
import type { Channel } from '../../channels/Channel.ts'
import { channelId } from '../../channels/hashes.ts'
import { addresses } from '../addresses.ts'
import { randomBytes32 } from '../randomBytes32.ts'
import { accountOf, guarded, type ScripClient } from '../transact.ts'

/** What `describeChannel` takes. */
export type DescribeChannelParameters = {
  payee: Address
  /** The token to pay in. */
  currency: Address
  /** Whose vouchers count: a hot key apart from the owner's, or the client's account where nothing is said. */
  signer?: { readonly address: Address }
  /** Seconds between an exit's request and the exit, 15 minutes to 30 days; 24 hours where nothing is said. */
  exitDelay?: number
  /** Lets claims draw on the account's purse beyond the deposit. */
  drawsOnPurse?: boolean
  /** Tells apart several channels between the same parties, 32 bytes; random where nothing is said. */
  salt?: Hex
}

const DAY = 24 * 3600
const DRAWS_ON_PURSE = 1

/**
 * The descriptor of a channel of the client's account, without opening it: who funds it by a signature, or pays from a
 * purse, needs no more.
 * @throws `KEY_MISSING`, `RPC_UNREACHABLE`
 */
export async function describeChannel(
  client: ScripClient,
  { payee, currency, signer, exitDelay = DAY, drawsOnPurse = false, salt = randomBytes32() }: DescribeChannelParameters,
): Promise<Channel> {
  const payer = accountOf(client).address
  const chainId = await guarded(erc20Abi, () => getChainId(client))
  const fields = {
    chainId,
    contract: lower(addresses.paymentChannels),
    payer: lower(payer),
    payee: lower(payee),
    token: lower(currency),
    signer: lower((signer ?? { address: payer }).address),
    exitDelay,
    flags: drawsOnPurse ? DRAWS_ON_PURSE : 0,
    salt,
  }
  return { id: channelId(fields), ...fields }
}

function lower(address: Address): Address {
  return address.toLowerCase() as Address
}
