import type { Address } from 'viem'
import { getContractEvents } from 'viem/actions'
import { interactionHistoryAbi as abi } from '../../abi/interactionHistory.ts'
import { addresses } from '../../chain/addresses.ts'
import { guarded, type ScripClient } from '../../chain/transact.ts'
import { experienceOf, type Testimony, type Told } from '../../market/index.ts'
import { eigenTrust } from '../../reputation/eigenTrust.ts'
import { Graph } from '../../reputation/Graph.ts'
import { firstBlock } from '../firstBlock.ts'
import { readEdges, readNetwork } from '../network.ts'
import { parseNetwork } from '../parse.ts'
import type { Buying } from '../storing/openBuying.ts'

/**
 * What a network's history says of sellers to `self`, who trusts others as EigenTrust from its own purchases does: the most
 * trusted one whole, the others in proportion. What `self` saw is left out: it knows that better.
 *
 * @throws `TRANSACTION_REVERTED` with `UnknownNetwork`, `NOT_DEPLOYED`, `RPC_UNREACHABLE`
 */
export async function toldByNetwork(
  client: ScripClient,
  { networkId, self, seconds }: { networkId: bigint; self: Address; seconds: number },
): Promise<Told> {
  await readNetwork(client, networkId)
  const edges = await readEdges(client, networkId)
  const faults = await readFaults(client, networkId)
  const { scores } = eigenTrust(Graph.fromEdges(edges), { seeds: [self], alpha: 0.15, tolerance: 1e-6 })
  const others = [...scores]
    .map(([peer, score]) => [lower(peer), score] as const)
    .filter(([peer]) => peer !== lower(self))
  const most = Math.max(0, ...others.map(([, score]) => score))
  const trustOf = new Map(others.map(([peer, score]) => [peer, most === 0 ? 0 : score / most]))

  const testimonies = new Map<string, Testimony[]>()
  for (const [consumer, provider, served] of edges) {
    if (lower(consumer) === lower(self)) continue
    const faulted = faults.get(`${lower(consumer)}/${lower(provider)}`) ?? 0n
    const said = { served, faulted, trust: trustOf.get(lower(consumer)) ?? 0 }
    testimonies.set(lower(provider), [...(testimonies.get(lower(provider)) ?? []), said])
  }
  return (seller) => experienceOf(testimonies.get(lower(seller)) ?? [], seconds)
}

/** What `--network` says, for `createBackups`; nothing where none is named. @throws `INVALID_ARGUMENT`, what `toldByNetwork` throws */
export async function toldBy(
  network: string | undefined,
  { client }: Buying,
  seconds: number,
): Promise<{ told?: Told }> {
  if (network === undefined) return {}
  const networkId = parseNetwork({ network })
  return { told: await toldByNetwork(client, { networkId, self: client.account.address, seconds }) }
}

/** What consumers took back in all, by consumer and provider. */
async function readFaults(client: ScripClient, networkId: bigint): Promise<Map<string, bigint>> {
  const events = await guarded(abi, async () =>
    getContractEvents(client, {
      address: addresses.interactionHistory,
      abi,
      eventName: 'FaultsStated',
      args: { networkId },
      fromBlock: await firstBlock(client),
      strict: true,
    }),
  )
  return new Map(
    events.map(({ args: { consumer, provider, faulted } }) => [`${lower(consumer)}/${lower(provider)}`, faulted]),
  )
}

function lower(address: string): string {
  return address.toLowerCase()
}
