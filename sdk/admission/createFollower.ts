import { type Abi, type Address, encodeEventTopics, type Hex, numberToHex } from 'viem'
import { getBlock } from 'viem/actions'
import { admissionControllerAbi } from '../abi/admissionController.ts'
import { bondPolicyAbi } from '../abi/bondPolicy.ts'
import { interactionHistoryAbi } from '../abi/interactionHistory.ts'
import { ratioPolicyAbi } from '../abi/ratioPolicy.ts'
import { addresses } from '../chain/addresses.ts'
import { guarded, type ScripClient } from '../chain/transact.ts'
import { ScripError } from '../errors/ScripError.ts'

/** The block up to which the chain's events are known. */
export type Head = {
  readonly number: bigint
  readonly hash: Hex
  /** Unix seconds. */
  readonly timestamp: bigint
  /** When it was the newest, in this machine's milliseconds. */
  readonly seenAt: number
}

/** Follows what decides of a network's admissions, by polling the chain's events. */
export type Follower = {
  /**
   * The newest block that is known, after all changes up to it were told. Asks the chain where that was longer ago than
   * `most` milliseconds; where it was longer ago than half of that, it asks for whoever comes next.
   * @throws `RPC_UNREACHABLE`, for a second without asking again
   */
  follow(most: number): Promise<Head>
  /** The newest block that is known, however old; nothing before the first. */
  readonly head: Head | undefined
}

/** What `createFollower` takes. */
export type FollowerParameters = {
  client: ScripClient
  networkId: bigint
  /** Told whose standing may have changed, in lower case; everybody's where nobody is named. */
  onChange: (peers?: readonly Address[]) => void
}

/** Who was away for longer forgets everything instead of reading what nodes do not like to search in one call. */
const MOST_BLOCKS = 500n

/** Milliseconds for which a node that did not answer is not asked again: nobody else need wait for it. */
const PAUSE_MILLISECONDS = 1_000

const watched = [
  addresses.interactionHistory,
  addresses.admissionController,
  addresses.ratioPolicy,
  addresses.flowPolicy,
  addresses.bondPolicy,
  addresses.allOfPolicy,
  addresses.anyOfPolicy,
] as const

/** Events about the peers in their topics; every other event of these contracts is about the whole network. */
const aboutPeers = new Map<Hex | undefined, number>([
  [topicOf(admissionControllerAbi, 'Admitted'), 1],
  [topicOf(admissionControllerAbi, 'Expelled'), 1],
  [topicOf(ratioPolicyAbi, 'AllowanceClaimed'), 1],
  [topicOf(bondPolicyAbi, 'BondFunded'), 1],
  [topicOf(bondPolicyAbi, 'BondWithdrawn'), 1],
  [topicOf(interactionHistoryAbi, 'EdgeUpdated'), 2],
  [topicOf(interactionHistoryAbi, 'ReceiptRecorded'), 2],
  [topicOf(interactionHistoryAbi, 'FaultsStated'), 2],
])

/** Follows a network from now on. */
export function createFollower({ client, networkId, onChange }: FollowerParameters): Follower {
  let head: Head | undefined
  let polling: Promise<Head> | undefined
  let failure: { readonly error: unknown; readonly at: number } | undefined

  const poll = (): Promise<Head> => {
    polling ??= advance()
      .catch((error: unknown) => {
        failure = { error, at: Date.now() }
        throw error
      })
      .finally(() => {
        polling = undefined
      })
    return polling
  }

  const advance = (): Promise<Head> =>
    guarded([], async () => {
      const seenAt = Date.now()
      const { number, hash, parentHash, timestamp } = await getBlock(client, { blockTag: 'latest' })
      const next = { number, hash, timestamp, seenAt }
      if (head !== undefined && hash !== head.hash) await tell(head, next, parentHash)
      head = next
      return next
    })

  /** Tells what changed between two blocks: everything, where the first is no longer of the chain. */
  const tell = async (from: Head, to: Head, parentHash: Hex): Promise<void> => {
    const isNear = to.number > from.number && to.number - from.number <= MOST_BLOCKS
    if (!isNear || !(await isAncestor(from, parentHash))) return onChange()
    for (const [topic, , ...names] of await read(from.number + 1n, to.number)) {
      const count = aboutPeers.get(topic)
      if (count === undefined) return onChange()
      onChange(names.slice(0, count).map(addressIn))
    }
  }

  const isAncestor = async ({ number, hash }: Head, parentHash: Hex): Promise<boolean> =>
    parentHash === hash || (await getBlock(client, { blockNumber: number })).hash === hash

  /** The topics of the network's events in these blocks. */
  const read = async (fromBlock: bigint, toBlock: bigint): Promise<readonly Hex[][]> => {
    const logs = await client.request({
      method: 'eth_getLogs',
      params: [
        {
          address: [...watched],
          topics: [null, numberToHex(networkId, { size: 32 })],
          fromBlock: numberToHex(fromBlock),
          toBlock: numberToHex(toBlock),
        },
      ],
    })
    return logs.map(({ topics }) => topics as Hex[])
  }

  return {
    get head() {
      return head
    },
    follow: async (most) => {
      const age = head === undefined ? Number.POSITIVE_INFINITY : Date.now() - head.seenAt
      if (head === undefined || age >= most) {
        if (failure !== undefined && Date.now() - failure.at < Math.min(most, PAUSE_MILLISECONDS)) throw failure.error
        // One that is under way may have asked before what the caller knows happened.
        if (most === 0) await polling?.catch(() => {})
        return poll()
      }
      // Whoever comes next need not wait. What goes wrong is told to who asks when it must be known.
      if (age > most / 2) poll().catch(() => {})
      return head
    },
  }
}

function topicOf(abi: Abi, eventName: string): Hex | undefined {
  const [topic] = encodeEventTopics({ abi, eventName })
  if (typeof topic !== 'string') throw new ScripError('INTERNAL', { detail: `${eventName} has no topic.` })
  return topic
}

/** The address in a topic, in lower case. */
function addressIn(topic: Hex): Address {
  return `0x${topic.slice(-40).toLowerCase()}`
}
