import type { Command } from 'commander'
import { getAddress } from 'viem'
import { getChainId } from 'viem/actions'
import { claim } from '../../chain/actions/claim.ts'
import { claimBatch, type SkippedClaim } from '../../chain/actions/claimBatch.ts'
import { getChannelState } from '../../chain/actions/getChannelState.ts'
import { getHoldings } from '../../chain/actions/getHoldings.ts'
import { withdraw } from '../../chain/actions/withdraw.ts'
import { addresses } from '../../chain/addresses.ts'
import type { Transaction } from '../../chain/transact.ts'
import { type Claim, paidTotal } from '../../channels/Channel.ts'
import { createPayee } from '../../channels/Payee.ts'
import { allPayeeRecords } from '../../channels/payeeRecords.ts'
import { command, run, storeOption } from '../command.ts'
import { type AccountClient, type CommonOptions, connect, type StoreOptions, withStore } from '../context.ts'
import { readNetwork } from '../network.ts'
import { cost, costData } from '../output.ts'
import { parseNetwork } from '../parse.ts'
import { syncUncounted } from '../syncUncounted.ts'
import { amountOf, unitReader } from '../units.ts'

type ClaimOptions = CommonOptions & StoreOptions & { network?: string; withdraw?: boolean }

/** Channels settled in one transaction: what fits into a block many times. */
const BATCH = 25

/** `scrip claim`: settles what was earned. */
export function claimCommand(): Command {
  return command('claim', 'settle on chain what you earned through channels')
    .addOption(storeOption())
    .option('--network <id>', 'count it in the history of this network, too')
    .option('--withdraw', 'send all that was claimed to the wallet')
    .action(run<ClaimOptions>(claimAll))
}

async function claimAll(options: ClaimOptions) {
  const networkId = options.network === undefined ? undefined : parseNetwork({ network: options.network })
  const client = await connect(options)
  if (networkId !== undefined) await readNetwork(client, networkId)
  const unitOf = unitReader(client)
  const channels = (await withStore(options, client, 'earning', allPayeeRecords)).map(({ channel }) => channel)
  const lines: string[] = []
  const data: Record<'claimed' | 'withdrawn' | 'synced', object[]> = { claimed: [], withdrawn: [], synced: [] }
  const note = (kind: keyof typeof data, line: string, transaction: Transaction, details: object) => {
    lines.push(line, cost(transaction))
    data[kind].push({ ...details, transaction: costData(transaction) })
  }

  const claims = await unsettled(options, client)
  for (let start = 0; start < claims.length; start += BATCH) {
    const some = claims.slice(start, start + BATCH)
    const { paid, skipped, ...transaction } = await claimAtOnce(client, some)
    for (const [index, { channel }] of some.entries()) {
      const { payer, token, id } = channel
      const reason = skipped.find(({ claim }) => claim.channel.id === id)?.reason
      const what =
        reason === undefined ? `Claimed ${amountOf(paid[index] ?? 0n, await unitOf(token))}` : 'Claimed nothing'
      lines.push(`${what} from ${getAddress(payer)}${reason === undefined ? '' : `: ${reason}`}.`)
      const details = { channelId: id, payer, currency: token, paid: paid[index] ?? 0n, ...(reason && { reason }) }
      data.claimed.push({ ...details, transaction: costData(transaction) })
    }
    lines.push(cost(transaction))
  }
  if (networkId !== undefined) {
    const synced = await syncUncounted(client, networkId, channels)
    if (synced) note('synced', `Counted in the history of network ${networkId}.`, synced, { networkId })
  }
  for (const currency of options.withdraw ? new Set(channels.map(({ token }) => token)) : []) {
    const { withdrawable: amount } = await getHoldings(client, { currency })
    if (amount === 0n) continue
    const transaction = await withdraw(client, { currency, amount })
    const line = `Sent ${amountOf(amount, await unitOf(currency))} to your wallet ${client.account.address}.`
    note('withdrawn', line, transaction, { currency, amount })
  }
  return { lines: lines.length > 0 ? lines : ['Nothing to claim.'], data }
}

/** One claim costs less alone, several together. */
async function claimAtOnce(client: AccountClient, claims: readonly Claim[]) {
  const [only] = claims
  if (only === undefined || claims.length > 1) return claimBatch(client, { claims })
  const { paid, ...transaction } = await claim(client, { claim: only })
  const skipped: SkippedClaim[] = []
  return { paid: [paid], skipped, ...transaction }
}

/** The claims of the store that move something: the chain's own state may be newer than the store. */
async function unsettled(options: ClaimOptions, client: AccountClient): Promise<Claim[]> {
  const accept = {
    chainId: await getChainId(client),
    contract: addresses.paymentChannels,
    currencies: [],
    maxExposure: 0n,
  }
  const claims = await withStore(options, client, 'earning', (store) =>
    createPayee({ account: client.account, store, accept }).claimable(),
  )
  const states = await Promise.all(claims.map(({ channel }) => getChannelState(client, { channelId: channel.id })))
  return claims.filter((item, index) => {
    const state = states[index]
    const isCovered = state !== undefined && (state.deposit > 0n || item.channel.flags !== 0)
    return isCovered && paidTotal(item, item.ticks) > state.claimed
  })
}
