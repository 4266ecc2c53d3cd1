import type { Address } from 'viem'
import { getContractEvents, readContract } from 'viem/actions'
import { interactionHistoryAbi as abi } from '../abi/interactionHistory.ts'
import { WEIGHT_UNIT } from '../chain/actions/setWeight.ts'
import { addresses } from '../chain/addresses.ts'
import { createIndexer, type IndexedEdge } from '../chain/indexer.ts'
import { guarded, requireCode, type ScripClient } from '../chain/transact.ts'
import { memoryStore } from '../store/memoryStore.ts'
import { firstBlock } from './firstBlock.ts'
import { parseFee, parseWhole } from './parse.ts'
import { amountOf, readUnit, type Unit } from './units.ts'

/** A network, as the commands about it need it. */
export type NetworkView = {
  readonly id: bigint
  /** Writes a value: in the currency of which a base unit counts one, or as a plain number where there is none. */
  value(amount: bigint): string
  /** Reads what `value` writes, without the symbol. @throws `INVALID_ARGUMENT` */
  parse(text: string, what: string): bigint
}

const contract = { address: addresses.interactionHistory, abi } as const

/** @throws `TRANSACTION_REVERTED` with `UnknownNetwork`, `NOT_DEPLOYED`, `RPC_UNREACHABLE` */
export async function readNetwork(client: ScripClient, networkId: bigint): Promise<NetworkView> {
  await guarded(abi, async () => {
    await requireCode(client, contract.address)
    await readContract(client, { ...contract, functionName: 'network', args: [networkId] })
  })
  const unit = await findUnit(client, networkId)
  return {
    id: networkId,
    value: (amount) => (unit ? amountOf(amount, unit) : `${amount} units of value`),
    parse: (text, what) => (unit ? parseFee(text, unit.decimals, what) : BigInt(parseWhole(text, what))),
  }
}

/** The currency whose base unit counts one. Only for show: where a node does not search that far, there is none. */
async function findUnit(client: ScripClient, networkId: bigint): Promise<Unit | undefined> {
  try {
    const events = await getContractEvents(client, {
      ...contract,
      eventName: 'WeightSet',
      args: { networkId },
      fromBlock: await firstBlock(client),
      strict: true,
    })
    const token = events.find(({ args }) => args.weight === WEIGHT_UNIT)?.args.token
    return token && (await readUnit(client, token))
  } catch {
    return undefined
  }
}

/** Who served whom in a network, from the chain's events. @throws `RPC_UNREACHABLE` */
export async function readEdges(client: ScripClient, networkId: bigint): Promise<IndexedEdge[]> {
  const indexer = createIndexer({ client, store: memoryStore(), networkId, fromBlock: await firstBlock(client) })
  await indexer.sync()
  return indexer.edges()
}

/** Whether two addresses are the same, however they are written. */
export function isSame(a: Address, b: Address): boolean {
  return a.toLowerCase() === b.toLowerCase()
}
