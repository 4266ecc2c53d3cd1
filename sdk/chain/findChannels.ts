import type { Address } from 'viem'
import { getChainId, getContractEvents } from 'viem/actions'
import { deployments } from '../abi/deployments.ts'
import { paymentChannelsAbi } from '../abi/paymentChannels.ts'
import type { Channel } from '../channels/Channel.ts'
import { addresses } from './addresses.ts'
import { guarded, type ScripClient } from './transact.ts'

/**
 * The channels that an account ever opened, to one payee where one is named, the oldest first: what is needed to go on
 * after a store was lost. Reads the `ChannelOpened` events of the whole chain, or of what came since this version's
 * deployment where that is known.
 * @throws `RPC_UNREACHABLE` also where the node does not search that far
 */
export async function findChannels(
  client: ScripClient,
  { payer, payee }: { payer: Address; payee?: Address },
): Promise<Channel[]> {
  const contract = addresses.paymentChannels
  return guarded(paymentChannelsAbi, async () => {
    const chainId = await getChainId(client)
    const events = await getContractEvents(client, {
      address: contract,
      abi: paymentChannelsAbi,
      eventName: 'ChannelOpened',
      args: { payer, ...(payee && { payee }) },
      fromBlock: BigInt(deployments[chainId]?.block ?? 0),
      strict: true,
    })
    return events.map(({ args: { channelId, payer, payee, token, signer, exitDelay, flags, salt } }) => ({
      id: channelId,
      chainId,
      contract: lower(contract),
      payer: lower(payer),
      payee: lower(payee),
      token: lower(token),
      signer: lower(signer),
      exitDelay,
      flags,
      salt,
    }))
  })
}

function lower(address: Address): Address {
  return address.toLowerCase() as Address
}
