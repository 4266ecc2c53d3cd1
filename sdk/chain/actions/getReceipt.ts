import type { Address } from 'viem'
import { readContract } from 'viem/actions'
import { interactionHistoryAbi as abi } from '../../abi/interactionHistory.ts'
import { addresses } from '../addresses.ts'
import type { Receipt } from '../Receipt.ts'
import { guarded, type ScripClient } from '../transact.ts'

/**
 * What the last receipt of two peers that was recorded states; zeros where there is none. The next one has to be newer.
 * `InteractionHistory.receiptOf`.
 * @throws `TRANSACTION_REVERTED` with `UnknownNetwork`, `RPC_UNREACHABLE`
 */
export async function getReceipt(
  client: ScripClient,
  { networkId, consumer, provider }: { networkId: bigint; consumer: Address; provider: Address },
): Promise<Receipt> {
  const address = addresses.interactionHistory
  const [served, count] = await guarded(abi, () =>
    readContract(client, { address, abi, functionName: 'receiptOf', args: [networkId, consumer, provider] }),
  )
  return { networkId, consumer, provider, served, count }
}
