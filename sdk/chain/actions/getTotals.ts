import type { Address } from 'viem'
import { readContract } from 'viem/actions'
import { interactionHistoryAbi as abi } from '../../abi/interactionHistory.ts'
import { addresses } from '../addresses.ts'
import { accountOf, guarded, type ScripClient } from '../transact.ts'

/** What a peer gave and took in a network, in the network's unit of value, now and as of the last closed epoch. */
export type Totals = {
  readonly provided: bigint
  readonly consumed: bigint
  readonly providedLastEpoch: bigint
  readonly consumedLastEpoch: bigint
}

/**
 * All that a peer provided and consumed in a network. `InteractionHistory.totals`.
 * @throws `TRANSACTION_REVERTED` with `UnknownNetwork`, `RPC_UNREACHABLE`
 */
export async function getTotals(
  client: ScripClient,
  { networkId, peer = accountOf(client).address }: { networkId: bigint; peer?: Address },
): Promise<Totals> {
  const address = addresses.interactionHistory
  const [provided, consumed, providedLastEpoch, consumedLastEpoch] = await guarded(abi, () =>
    readContract(client, { address, abi, functionName: 'totals', args: [networkId, peer] }),
  )
  return { provided, consumed, providedLastEpoch, consumedLastEpoch }
}
