import { type Address, parseEventLogs } from 'viem'
import { interactionHistoryAbi as abi } from '../../abi/interactionHistory.ts'
import { addresses } from '../addresses.ts'
import { encodeCall } from '../encodeCall.ts'
import { accountOf, type ScripClient, type Transaction, transact } from '../transact.ts'

/** What `createNetwork` takes. */
export type CreateNetworkParameters = {
  /** Decides weights and admission policy; the client's account where nothing is said. */
  steward?: Address
  /** Seconds, at least one hour; one day where nothing is said. */
  epochLength?: number
  /** Where the network describes itself. */
  metadataURI?: string
}

const DAY = 24 * 3600

/**
 * Creates a network. `InteractionHistory.createNetwork`.
 * @throws `TRANSACTION_REVERTED` with `InvalidSteward` or `InvalidEpochLength`, and what `transact` throws
 */
export async function createNetwork(
  client: ScripClient,
  { steward = accountOf(client).address, epochLength = DAY, metadataURI = '' }: CreateNetworkParameters = {},
): Promise<Transaction & { networkId: bigint }> {
  const data = encodeCall({ abi, functionName: 'createNetwork', args: [steward, epochLength, metadataURI] })
  const { hash, receipt } = await transact(client, { to: addresses.interactionHistory, abi, data })
  const [event] = parseEventLogs({ abi, eventName: 'NetworkCreated', logs: receipt.logs })
  // The simulation's id could belong to somebody whose transaction came first; the event's cannot.
  return { networkId: event?.args.networkId ?? 0n, hash, receipt }
}
