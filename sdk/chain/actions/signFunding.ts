import { type Address, encodeAbiParameters, type Hex, keccak256, parseAbiParameters } from 'viem'
import type { Channel } from '../../channels/Channel.ts'
import { addresses } from '../addresses.ts'
import { randomBytes32 } from '../randomBytes32.ts'
import type { ScripClient } from '../transact.ts'
import { signTransferAuthorization } from './signTransferAuthorization.ts'

/** A channel's funding that its payer signed, for somebody with gas to bring to the chain. It can do nothing else. */
export type Funding = {
  readonly channel: Channel
  /** Base units. */
  readonly amount: bigint
  /** Unix seconds after which it holds. */
  readonly validAfter: bigint
  /** Unix seconds before which it holds. */
  readonly validBefore: bigint
  /** 32 bytes that tell it apart from other fundings of the channel. */
  readonly salt: Hex
  readonly signature: Hex
}

/** What `signFunding` takes. */
export type SignFundingParameters = {
  /** A channel of the client's account, open or not: `describeChannel`. */
  channel: Channel
  /** Base units. */
  amount: bigint
  /** Unix seconds before which it holds. */
  validBefore: bigint
  /** Unix seconds after which it holds; at once where nothing is said. */
  validAfter?: bigint
  /** 32 bytes; random where nothing is said. */
  salt?: Hex
}

/**
 * Signs the funding of a channel from the account's wallet: an ERC-3009 authorization whose nonce binds it to the channel,
 * so that whoever brings it to the chain can open or fill this channel and nothing else.
 * @throws `KEY_MISSING`, `UNKNOWN_CURRENCY`, `RPC_UNREACHABLE`
 */
export async function signFunding(
  client: ScripClient,
  { channel, amount, validBefore, validAfter = 0n, salt = randomBytes32() }: SignFundingParameters,
): Promise<Funding> {
  const to: Address = addresses.paymentChannels
  const nonce = keccak256(encodeAbiParameters(parseAbiParameters('bytes32, bytes32'), [channel.id, salt]))
  const terms = { currency: channel.token, to, value: amount, validAfter, validBefore, nonce, receiveOnly: true }
  const { signature } = await signTransferAuthorization(client, terms)
  return { channel, amount, validAfter, validBefore, salt, signature }
}
