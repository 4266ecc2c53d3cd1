import type { Address, Hex, LocalAccount } from 'viem'
import { getChannelState } from '../chain/actions/getChannelState.ts'
import { getPurse } from '../chain/actions/purse.ts'
import { chainError } from '../chain/chainError.ts'
import { pause } from '../chain/pause.ts'
import { accountOf, type ScripClient } from '../chain/transact.ts'
import { type Channel, type ChannelState, type Claim, paidTotal } from '../channels/Channel.ts'
import { ScripError } from '../errors/ScripError.ts'
import { type Change, put, type Store, type Table } from '../store/Store.ts'
import { createClaimer, type Settled } from './createClaimer.ts'
import { createExitWatch } from './createExitWatch.ts'

/** Where claims come from: a payee of this store, or a watchtower's book. */
export type ClaimSource = {
  /** The best claim of every channel with something new to claim, as far as is known. */
  claimable(): Promise<Claim[]>
  /** Is told what the chain knows of a channel. */
  observe(channel: Channel, state: ChannelState): Promise<void>
}

/** When something is claimed. Whatever is left is claimed as soon as a payer asks to leave. */
export type SettlementRules = {
  /** Base units of a currency that are worth a claim; no amount is where nothing is said. */
  value?: (currency: Address) => bigint | undefined
  /** Seconds that something may stay unclaimed; for ever where nothing is said. */
  age?: number
}

/** What `createSettler` takes. */
export type SettlerParameters = {
  /** Pays for the gas from its account, which signs by itself. It needs no key of the payee. */
  client: ScripClient
  /** Keeps the transaction under way, and since when something is unclaimed. */
  store: Store
  source: ClaimSource
  rules: SettlementRules
  /** Channels in one transaction at most; 25 where nothing is said. */
  batch?: number
  /** Milliseconds between two rounds; 15 seconds where nothing is said. An exit takes at least 15 minutes. */
  every?: number
  /** Milliseconds until a transaction that is not mined is sent again at a higher price; a minute where nothing is said. */
  bumpAfter?: number
  /** What a unit of gas may cost at most, in wei. */
  maxFeePerGas?: bigint
  /** Told of every transaction that was mined. */
  onSettled?: (settled: Settled) => void
  /** Told of what an operator should know; the next round tries again. */
  onTrouble?: (error: ScripError) => void
}

/** Claims what is due, by itself. */
export type Settler = {
  /** Goes on until it is closed. */
  start(): void
  /** Claims once, now, what is due. @throws what a round is troubled by */
  settle(): Promise<void>
  /** Ends after the step under way. A transaction that is not mined is taken up by the next settler of the store. */
  close(): Promise<void>
}

/** How old what is known of exits may be: much less than the shortest exit takes. */
const SWEEP_MILLISECONDS = 5 * 60_000

/** Channels looked at at once. */
const LOOKS = 32

type Due = { readonly claim: Claim; readonly state: ChannelState }

/** The claims' way to the chain: by value, by age, and when a payer wants to leave; many channels in one transaction. */
export function createSettler(parameters: SettlerParameters): Settler {
  const { client, store, source, rules, batch = 25, every = 15_000, bumpAfter = 60_000 } = parameters
  const account = accountOf(client)
  if (account.type !== 'local') {
    throw new ScripError('KEY_MISSING', { hint: 'Give the client an account that signs by itself, from a key.' })
  }
  const report = (error: unknown) => {
    const known = chainError(error)
    parameters.onTrouble?.(known instanceof ScripError ? known : new ScripError('INTERNAL', { cause: error }))
  }
  const maxFeePerGas = parameters.maxFeePerGas
  const claimer = createClaimer({ client, account, store, bumpAfter, maxFeePerGas, onTrouble: report })
  const newExits = createExitWatch(client)
  const ages = createAges(store, account)
  const exiting = new Set<Hex>()
  /** What was claimed of each channel, as last seen. */
  const claimed = new Map<Hex, bigint>()
  const closing = new AbortController()
  let lastSweep = Number.NEGATIVE_INFINITY
  let last: Promise<void> = Promise.resolve()
  let running: Promise<void> | undefined

  /** One thing that fails must not keep the others waiting: the next round tries it again. */
  const tolerated = <Result>(work: Promise<Result>): Promise<Result | undefined> =>
    work.catch((error: unknown) => {
      report(error)
      return undefined
    })

  /** What the chain could pay of a claim now, in base units. */
  const look = async (claim: Claim): Promise<Due & { payable: bigint }> => {
    const { channel } = claim
    const { opened: _, ...state } = await getChannelState(client, { channelId: channel.id })
    if (state.exitAt === 0) exiting.delete(channel.id)
    else exiting.add(channel.id)
    claimed.set(channel.id, state.claimed)
    const owed = owedOf(claim, state.claimed)
    if (owed <= state.deposit || channel.flags === 0) return { claim, state, payable: smaller(owed, state.deposit) }
    const { payer, token: currency, signer } = channel
    const { balance } = await getPurse(client, { payer, currency, signer })
    return { claim, state, payable: smaller(owed, state.deposit + balance) }
  }

  const isDue = (claim: Claim, value: bigint): boolean => {
    const worth = rules.value?.(claim.channel.token)
    if (exiting.has(claim.channel.id) || (worth !== undefined && value >= worth)) return true
    return rules.age !== undefined && ages.of(claim.channel.id) >= rules.age
  }

  const findDue = async (): Promise<Due[]> => {
    const claims = await source.claimable()
    await ages.follow(claims)
    // What fails here is seen by the next sweep, too.
    for (const id of (await tolerated(newExits())) ?? []) exiting.add(id)
    const isSweep = Date.now() - lastSweep >= SWEEP_MILLISECONDS
    const due: Due[] = []
    for (let start = 0; start < claims.length; start += LOOKS) {
      const some = claims.slice(start, start + LOOKS)
      const wanted = some.filter((claim) => isSweep || isDue(claim, owedOf(claim, claimed.get(claim.channel.id))))
      const looks = await Promise.all(wanted.map((claim) => tolerated(look(claim))))
      for (const seen of looks) {
        if (seen === undefined) continue
        const { claim, state, payable } = seen
        await source.observe(claim.channel, state)
        if (payable > 0n && isDue(claim, payable)) due.push({ claim, state })
      }
    }
    if (isSweep) lastSweep = Date.now()
    // Who may leave first comes first.
    return due.sort((a, b) => leaves(a.state) - leaves(b.state))
  }

  const finish = async (settled: Settled | undefined, claims: readonly Claim[]): Promise<void> => {
    if (settled !== undefined) parameters.onSettled?.(settled)
    for (const claim of claims) {
      const seen = await tolerated(look(claim))
      if (seen !== undefined) await source.observe(claim.channel, seen.state)
    }
  }

  const round = async (): Promise<void> => {
    await finish(await claimer.resume(closing.signal), [])
    const due = await findDue()
    for (let start = 0; start < due.length && !closing.signal.aborted; start += batch) {
      const claims = due.slice(start, start + batch).map(({ claim }) => claim)
      await finish(await claimer.present(claims, closing.signal), claims)
    }
  }

  /** One round at a time: two would claim the same. */
  const inTurn = (): Promise<void> => {
    const turn = last.then(round)
    last = turn.catch(() => {})
    return turn
  }

  const run = async () => {
    while (!closing.signal.aborted) {
      await inTurn().catch(report)
      await pause(every, closing.signal)
    }
  }

  return {
    start: () => {
      running ??= run()
    },
    settle: inTurn,
    close: async () => {
      closing.abort()
      await running
      await last
    },
  }
}

type AgeRecord = { readonly channelId: Hex; readonly since: number }

/** Since when channels have something unclaimed, also over a restart. */
function createAges(store: Store, { address }: LocalAccount) {
  const table: Table<AgeRecord> = `unclaimed/${address.toLowerCase()}`
  let known: Promise<Map<Hex, number>> | undefined
  let sinces = new Map<Hex, number>()
  const load = async () => {
    const records = await store.all(table)
    return new Map(records.map(({ channelId, since }) => [channelId, since]))
  }
  return {
    /** Seconds. */
    of: (id: Hex) => (Date.now() - (sinces.get(id) ?? Date.now())) / 1_000,
    /** Takes note of what is unclaimed now, and forgets what is not any more. */
    follow: async (claims: readonly Claim[]) => {
      known ??= load()
      sinces = await known
      const present = new Set(claims.map(({ channel }) => channel.id))
      const changes: Change[] = []
      for (const channelId of present) {
        if (sinces.has(channelId)) continue
        const since = Date.now()
        sinces.set(channelId, since)
        changes.push(put(table, channelId, { channelId, since }))
      }
      for (const channelId of sinces.keys()) {
        if (present.has(channelId)) continue
        sinces.delete(channelId)
        changes.push({ table, key: channelId, remove: true })
      }
      if (changes.length > 0) await store.write(changes)
    },
  }
}

function leaves({ exitAt }: ChannelState): number {
  return exitAt === 0 ? Number.MAX_SAFE_INTEGER : exitAt
}

function owedOf(claim: Claim, claimed = 0n): bigint {
  return paidTotal(claim, claim.ticks) - claimed
}

function smaller(one: bigint, other: bigint): bigint {
  return one < other ? one : other
}
