import type { Address, Hex } from 'viem'
import { readContract } from 'viem/actions'
import { interactionHistoryAbi as abi } from '../../abi/interactionHistory.ts'
import { WEIGHT_UNIT } from '../../chain/actions/setWeight.ts'
import { stateFaults } from '../../chain/actions/stateFaults.ts'
import { addresses } from '../../chain/addresses.ts'
import { guarded, type ScripClient } from '../../chain/transact.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { put, type Store, type Table } from '../../store/Store.ts'
import type { Failure } from './Buyer.ts'
import { agreements, failures, pieceKey } from './records.ts'

/** What a buyer took back from its own edge to a seller. */
export type StatedFailures = {
  readonly seller: Address
  /** The total ever taken back, in the network's unit of value. */
  readonly faulted: bigint
  readonly hash: Hex
}

/** What had been taken back in a network before this store took anything back. */
type Base = { readonly faulted: bigint }

const bases: Table<Base> = 'market/stated'

/**
 * States the failures of a store in a network's history: `Buyer.stateFailures`. What was paid for a piece is taken back once,
 * however often its seller failed. Stated again, nothing is added: the total is what counts.
 */
export async function stateFailures(
  { client, store }: { client: ScripClient; store: Store },
  networkId: bigint,
): Promise<StatedFailures[]> {
  const values = await valuesBySeller(client, store, networkId)
  const stated: StatedFailures[] = []
  for (const [seller, value] of values) {
    const before = await totalStated(client, networkId, seller)
    const key = `${networkId}/${seller}`
    const kept = await store.get(bases, key)
    // Before the first transaction: a crash behind it must not count it twice.
    if (kept === undefined) await store.write([put(bases, key, { faulted: before })])
    const faulted = (kept?.faulted ?? before) + value
    if (faulted <= before) continue
    const { hash } = await stateFaults(client, { networkId, provider: seller, faulted })
    stated.push({ seller, faulted, hash })
  }
  return stated
}

/**
 * The total that the client's account ever took back from a seller. An edge shows it only as far as there is one; the
 * contract names it to who states nothing, and refuses that before anything is sent.
 */
async function totalStated(client: ScripClient, networkId: bigint, provider: Address): Promise<bigint> {
  try {
    await stateFaults(client, { networkId, provider, faulted: 0n })
    return 0n
  } catch (error) {
    const { error: name, args } = error instanceof ScripError ? error.values : {}
    if (name !== 'StaleFaults' || !Array.isArray(args)) throw error
    return BigInt(args[3])
  }
}

/** What failed, by seller, in the network's unit of value. */
async function valuesBySeller(client: ScripClient, store: Store, networkId: bigint): Promise<Map<Address, bigint>> {
  const weights = new Map<Address, bigint>()
  const values = new Map<Address, bigint>()
  for (const failure of await failedPieces(store)) {
    const currency = (await store.get(agreements, failure.agreement))?.agreement.currency
    if (currency === undefined) continue
    const weight = weights.get(currency) ?? (await weightOf(client, networkId, currency))
    weights.set(currency, weight)
    values.set(failure.seller, (values.get(failure.seller) ?? 0n) + (failure.value * weight) / WEIGHT_UNIT)
  }
  return values
}

/** Of every piece that failed, one failure. */
async function failedPieces(store: Store): Promise<Failure[]> {
  const byPiece = new Map<string, Failure>()
  for (const failure of await store.all(failures)) byPiece.set(pieceKey(failure.agreement, failure.root), failure)
  return [...byPiece.values()]
}

/** What a base unit counts for in a network, times 1e18. `InteractionHistory.weightOf`. */
function weightOf(client: ScripClient, networkId: bigint, currency: Address): Promise<bigint> {
  const address = addresses.interactionHistory
  return guarded(abi, () =>
    readContract(client, { address, abi, functionName: 'weightOf', args: [networkId, currency] }),
  )
}
