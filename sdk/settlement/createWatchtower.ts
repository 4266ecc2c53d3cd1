import { getChainId } from 'viem/actions'
import { getChannelState } from '../chain/actions/getChannelState.ts'
import { getPurse } from '../chain/actions/purse.ts'
import { addresses } from '../chain/addresses.ts'
import { guarded, type ScripClient } from '../chain/transact.ts'
import { type Channel, type ChannelState, type Claim, MAX_TICKS, MAX_TOTAL, paidTotal } from '../channels/Channel.ts'
import { channelId, voucherDigest } from '../channels/hashes.ts'
import { recoverSigner } from '../channels/signatures.ts'
import { isTickOf } from '../channels/ticks.ts'
import { ScripError } from '../errors/ScripError.ts'
import { put, type Table } from '../store/Store.ts'
import { createSettler, type Settler, type SettlerParameters } from './createSettler.ts'

/** What `createWatchtower` takes: what `createSettler` takes, but the claims come by `watch`, and only exits matter. */
export type WatchtowerParameters = Omit<SettlerParameters, 'source' | 'rules'>

/** Claims for payees that are not there when their payers leave. It has no key of theirs: a claim pays its payee only. */
export type Watchtower = Settler & {
  /**
   * Takes a payee's claim, from anybody; the best of a channel is kept. Resolves when it would survive a power loss.
   * @throws `WRONG_CHANNEL`, `INVALID_VOUCHER`, `INVALID_TICK`, `UNKNOWN_CHANNEL` where nobody opened the channel or its
   * purse, `RPC_UNREACHABLE`, `STORE_FAILED`
   */
  watch(claim: Claim): Promise<void>
  /** What is watched. */
  watched(): Promise<Claim[]>
}

type Watched = { readonly claim: Claim; readonly claimed: bigint }

/** A watchtower: it presents the best claim that it was given of every channel whose payer asks to leave. */
export function createWatchtower(parameters: WatchtowerParameters): Watchtower {
  const { client, store } = parameters
  const table: Table<Watched> = 'watched'

  const observe = async ({ id }: Channel, { claimed }: ChannelState): Promise<void> => {
    const present = await store.get(table, id)
    if (present !== undefined && present.claimed !== claimed)
      await store.write([put(table, id, { ...present, claimed })])
  }

  const claimable = async (): Promise<Claim[]> => {
    const records = await store.all(table)
    return records.filter(({ claim, claimed }) => totalOf(claim) > claimed).map(({ claim }) => claim)
  }

  let last: Promise<unknown> = Promise.resolve()
  /** One after another: the worse of two at once must not be the one that stays. */
  const keep = (claim: Claim, claimed: bigint): Promise<void> => {
    const turn = last.then(async () => {
      const present = await store.get(table, claim.channel.id)
      if (present !== undefined && totalOf(present.claim) >= totalOf(claim)) return
      await store.write([put(table, claim.channel.id, { claim, claimed })])
    })
    last = turn.catch(() => {})
    return turn
  }

  return {
    ...createSettler({ ...parameters, source: { claimable, observe }, rules: {} }),

    watch: async (claim) => {
      checkClaim(claim, await guarded([], () => getChainId(client)))
      await keep(claim, await claimedOf(client, claim.channel))
    },

    watched: async () => (await store.all(table)).map(({ claim }) => claim),
  }
}

function totalOf(claim: Claim): bigint {
  return paidTotal(claim, claim.ticks)
}

/** Looks at all that the contract looks at: what it would refuse must not take the place of what it would not. */
function checkClaim(claim: Claim, chainId: number): void {
  const { channel, ticks, preimage, maxTicks } = claim
  const values = { channelId: channel.id }
  const isOurs = channel.chainId === chainId && channel.contract === addresses.paymentChannels.toLowerCase()
  if (!isOurs || channelId(channel) !== channel.id) {
    throw new ScripError('WRONG_CHANNEL', { detail: 'The channel is of another chain or contract.', values })
  }
  const digest = voucherDigest(channel, claim)
  if (recoverSigner(digest, claim) !== channel.signer || maxTicks > MAX_TICKS) {
    throw new ScripError('INVALID_VOUCHER', { values })
  }
  const isTick = ticks === 0 || isTickOf(claim, { count: ticks, preimage }, undefined)
  if (!isTick || ticks > maxTicks || totalOf(claim) > MAX_TOTAL) throw new ScripError('INVALID_TICK', { values })
}

/** What was claimed of a channel that can pay. Strangers who make up channels take no space. */
async function claimedOf(client: ScripClient, { id, payer, token, signer, flags }: Channel): Promise<bigint> {
  const { opened, claimed } = await getChannelState(client, { channelId: id })
  if (opened || (flags !== 0 && (await getPurse(client, { payer, currency: token, signer })).opened)) return claimed
  throw new ScripError('UNKNOWN_CHANNEL', {
    detail: `Nobody opened the channel ${id} on chain.`,
    values: { channelId: id },
  })
}
