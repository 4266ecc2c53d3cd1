import type { Address } from 'viem'
import { readContract } from 'viem/actions'
import { interactionHistoryAbi } from '../abi/interactionHistory.ts'
import { type Admission, getAdmission } from '../chain/actions/getAdmission.ts'
import { WEIGHT_UNIT } from '../chain/actions/setWeight.ts'
import { addresses } from '../chain/addresses.ts'
import { guarded, type ScripClient } from '../chain/transact.ts'
import { ScripError } from '../errors/ScripError.ts'
import { capacity, dividedUp } from './capacity.ts'
import { createFollower, type Head } from './createFollower.ts'
import { toProvide, wayBack, wayInWords } from './wayBack.ts'

/** What a provider knows of a peer's payments, in base units. */
export type GateBooks = {
  /**
   * What it served the peer and no chain has settled yet: it counts as consumed. Negative where more was settled than
   * served: what is paid for in advance counted when it was settled.
   */
  unsettled: bigint
  /**
   * What it knows to be settled, for each channel between the two: what of it the history does not hold yet counts as
   * consumed, too. Anybody settles, also the peer itself, and nobody has to tell the history.
   */
  settled: readonly bigint[]
}

/** Whom a gate is asked about. */
export type GateQuestion = GateBooks & {
  peer: Address
  /** Who sells. */
  provider: Address
  /** What the peer pays in. */
  currency: Address
  /** Base units that it wants to consume at least: the price of the smallest piece. */
  wanted: bigint
  /** Brings the books up to date with the chain. Asked for where the history holds more than they know to be settled. */
  look?: () => Promise<GateBooks>
}

/** Decides for a seller whom it serves. */
export type Gate = {
  /**
   * Whether the network serves a peer, as of a moment ago at most: see `lag`.
   * @returns How many base units more it may consume; nothing where the network sets no such bound.
   * @throws `ADMISSION_REFUSED` with what would readmit it; `RPC_UNREACHABLE` where the chain cannot be asked and the peer
   * is not known to be admitted
   */
  check(question: GateQuestion): Promise<bigint | undefined>
}

/** What `createGate` takes. */
export type GateParameters = {
  client: ScripClient
  networkId: bigint
  /**
   * Milliseconds that an answer may lag behind the chain; 10,000 where nothing is said, and 0 asks the chain at every
   * check. So late at most is a peer refused that was expelled. Nobody is refused before the chain was asked again, but
   * where many are at a time.
   */
  lag?: number
}

const LAG_MILLISECONDS = 10_000

/** How often in a second the chain is asked for the sake of who would be refused: refused peers must not flood the node. */
const MOST_APPEALS = 10

/** What was read is read again after that, though no event says so. */
const FACTS_MILLISECONDS = 600_000

/** Peers that are remembered. */
const MOST_PEERS = 65_536

/** What the chain says of a peer that buys from a provider. */
type Facts = {
  readonly admission: Admission
  /** What the history holds as served by the provider to the peer, in the network's unit. */
  readonly recorded: bigint
  readonly readAt: number
  /** What of that the provider knows nothing of, having looked: paid in other currencies, or before it lost its books. */
  unexplained: bigint
}

/**
 * The gate of a network, by its admission policy. `AdmissionController` and the policies of this package. What it read it
 * remembers until an event says that it changed, so that most checks ask the chain nothing. Where the chain cannot be
 * reached it goes on serving whom it knows to be admitted, until their admissions end and within what they may consume.
 */
export function createGate({ client, networkId, lag = LAG_MILLISECONDS }: GateParameters): Gate {
  const peers = new Map<Address, Map<Address, Promise<Facts>>>()
  const weights = new Map<Address, Promise<bigint>>()
  let appeals = { second: 0, count: 0 }
  const follower = createFollower({
    client,
    networkId,
    onChange: (changed) => {
      for (const peer of changed ?? []) peers.delete(peer)
      if (changed !== undefined) return
      peers.clear()
      weights.clear()
    },
  })

  const readFacts = async (peer: Address, provider: Address, { number }: Head): Promise<Facts> => {
    const readAt = Date.now()
    const [admission, [recorded]] = await Promise.all([
      getAdmission(client, { networkId, peer, blockNumber: number }),
      readHistory('edge', [networkId, peer, provider], number),
    ])
    return { admission, recorded, readAt, unexplained: 0n }
  }

  const readHistory = <const Name extends 'edge' | 'weightOf'>(
    functionName: Name,
    args: Name extends 'edge' ? [bigint, Address, Address] : [bigint, Address],
    blockNumber: bigint,
  ) =>
    guarded(interactionHistoryAbi, () =>
      readContract(client, {
        address: addresses.interactionHistory,
        abi: interactionHistoryAbi,
        functionName,
        args: args as never,
        blockNumber,
      }),
    )

  /** What is remembered, or what a reading gives; a reading that fails is not remembered. */
  const remembered = <Key, Value>(map: Map<Key, Promise<Value>>, key: Key, read: () => Promise<Value>) => {
    const present = map.get(key)
    if (present !== undefined) return present
    const reading = read()
    map.set(key, reading)
    reading.catch(() => {
      if (map.get(key) === reading) map.delete(key)
    })
    return reading
  }

  const sellersOf = (peer: Address): Map<Address, Promise<Facts>> => {
    const known = peers.get(peer)
    if (known !== undefined) return known
    for (const oldest of peers.keys()) {
      if (peers.size < MOST_PEERS) break
      peers.delete(oldest)
    }
    const sellers = new Map<Address, Promise<Facts>>()
    peers.set(peer, sellers)
    return sellers
  }

  /** Answers by what was read as of a block no older than `most` milliseconds. */
  const answer = async (question: GateQuestion, most: number): Promise<bigint | undefined> => {
    const { peer, provider, currency } = question
    const head = await follower.follow(most)
    const sellers = sellersOf(peer)
    const known = await sellers.get(provider)
    if (known !== undefined && Date.now() - known.readAt > FACTS_MILLISECONDS) sellers.delete(provider)
    // As of the newest block whose events are known: what is remembered of an older one would miss some.
    const newest = follower.head ?? head
    const [facts, weight] = await Promise.all([
      remembered(sellers, provider, () => readFacts(peer, provider, newest)),
      remembered(weights, currency, () => readHistory('weightOf', [networkId, currency], newest.number)),
    ])
    return judge(await withBooks(question, facts, weight), facts, weight, head)
  }

  /** The question, with books that know of what the history holds: else that would count twice. */
  const withBooks = async (question: GateQuestion, facts: Facts, weight: bigint): Promise<GateQuestion> => {
    const unknown = ({ settled }: GateBooks) => facts.recorded - settledValue(settled, weight)
    if (question.look === undefined || unknown(question) <= facts.unexplained) return question
    const books = await question.look()
    facts.unexplained = unknown(books)
    return { ...question, ...books }
  }

  const mayAppeal = (): boolean => {
    const second = Math.floor(Date.now() / 1_000)
    appeals = second === appeals.second ? { second, count: appeals.count + 1 } : { second, count: 1 }
    return appeals.count <= MOST_APPEALS
  }

  /** Answers by what is remembered, where the chain does not answer. */
  const recall = async ({ peer, provider, currency }: GateQuestion) => {
    const [facts, weight] = await Promise.all([peers.get(peer)?.get(provider), weights.get(currency)])
    const { head } = follower
    return facts && weight !== undefined && head ? { facts, weight, head } : undefined
  }

  const judge = (question: GateQuestion, { admission, recorded }: Facts, weight: bigint, head: Head) => {
    const { peer, unsettled, settled, wanted } = question
    const now = Number(head.timestamp) + (Date.now() - head.seenAt) / 1_000
    const admitted = admission.validUntil > now
    const unrecorded = settledValue(settled, weight) - recorded
    const pending = unrecorded > 0n ? unrecorded : 0n
    const more = dividedUp((unsettled + wanted) * weight, WEIGHT_UNIT) + pending
    const most = admission.standing && capacity(admission.standing)
    if (!admitted || (most !== undefined && most < more)) {
      throw refusal(networkId, peer, { ...admission, admitted }, more)
    }
    if (most === undefined || weight === 0n) return undefined
    return -dividedUp((pending - most) * WEIGHT_UNIT, weight) - unsettled
  }

  return {
    check: async (asked) => {
      const [peer, provider, currency] = [asked.peer, asked.provider, asked.currency].map(lowerCase) as [
        Address,
        Address,
        Address,
      ]
      const question = { ...asked, peer, provider, currency }
      if (lag === 0) peers.delete(peer)
      try {
        return await answer(question, lag)
      } catch (error) {
        if (isRefusal(error)) {
          if (lag === 0 || !mayAppeal()) throw error
          // What a policy says of who is not admitted also changes with time, and by proofs of which no event tells.
          peers.delete(peer)
          return answer(question, 0)
        }
        const known = await recall(question).catch(() => undefined)
        if (known === undefined) throw error
        try {
          return judge(question, known.facts, known.weight, known.head)
        } catch {
          // Whom it would refuse by what it remembers, the chain may have admitted since.
          throw error
        }
      }
    },
  }
}

/** What settled amounts count in the history, which rounds each channel's. */
function settledValue(settled: readonly bigint[], weight: bigint): bigint {
  return settled.reduce((sum, amount) => sum + (amount * weight) / WEIGHT_UNIT, 0n)
}

function lowerCase(address: Address): Address {
  return address.toLowerCase() as Address
}

function isRefusal(error: unknown): boolean {
  return error instanceof ScripError && error.code === 'ADMISSION_REFUSED'
}

/** What a refused peer is told: the way back. */
function refusal(networkId: bigint, peer: Address, admission: Admission, more: bigint): ScripError {
  const way = wayBack(admission, more)
  const { eligible, standing } = admission
  return new ScripError('ADMISSION_REFUSED', {
    detail: `Network ${networkId} does not serve ${peer} now.`,
    hint: wayInWords(way, networkId),
    values: {
      networkId,
      peer,
      eligible,
      provide: toProvide(way),
      ...(way && { way }),
      ...(standing && { policy: standing.policy }),
    },
  })
}
