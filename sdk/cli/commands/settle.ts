import type { Command } from 'commander'
import { getChainId } from 'viem/actions'
import { claim } from '../../chain/actions/claim.ts'
import { getChannelState } from '../../chain/actions/getChannelState.ts'
import { sync } from '../../chain/actions/sync.ts'
import { withdraw } from '../../chain/actions/withdraw.ts'
import { addresses } from '../../chain/addresses.ts'
import { type Claim, paidTotal } from '../../channels/Channel.ts'
import { createPayee, payees } from '../../channels/Payee.ts'
import { payers } from '../../channels/Payer.ts'
import { ScripError } from '../../errors/ScripError.ts'
import { command, parseWhole, run } from '../command.ts'
import { type AccountClient, type CommonOptions, connect, openStore } from '../context.ts'
import { cost } from '../output.ts'

type ClaimOptions = CommonOptions & { network?: string; withdraw?: boolean }

/** `scrip claim`: settles what was earned. */
export function claimCommand(): Command {
  return command('claim', 'settle on chain what was earned through channels')
    .option('--network <id>', 'count it in this network’s history, too')
    .option('--withdraw', 'send what was claimed to the wallet')
    .action(run<ClaimOptions>(claimAll))
}

async function claimAll(options: ClaimOptions) {
  const client = await connect(options)
  const networkId = options.network === undefined ? undefined : BigInt(parseWhole(options.network, 'network'))
  const lines: string[] = []
  const settled: { channelId: string; paid: bigint; hash: string; gas: bigint }[] = []
  const claims = await unsettled(options, client)
  for (const item of claims) {
    const { paid, ...transaction } = await claim(client, { claim: item })
    lines.push(`Claimed ${paid} base units from ${item.channel.payer}.`, cost(transaction))
    settled.push({ channelId: item.channel.id, paid, hash: transaction.hash, gas: transaction.receipt.gasUsed })
    if (options.withdraw) {
      const out = await withdraw(client, { currency: item.channel.token, amount: paid })
      lines.push(`Withdrew ${paid} base units to ${client.account.address}.`, cost(out))
    }
  }
  if (networkId !== undefined && claims.length > 0) {
    const transaction = await sync(client, { networkId, channels: claims.map(({ channel }) => channel) })
    lines.push(`Counted in the history of network ${networkId}.`, cost(transaction))
  }
  return { lines: lines.length > 0 ? lines : ['Nothing to claim.'], data: { settled } }
}

/** The store's claims that the chain does not know yet. The store may be in use by the peer that earns. */
async function unsettled(options: CommonOptions, client: AccountClient): Promise<Claim[]> {
  const store = await openStore(options, client, { readOnly: true })
  const accept = {
    chainId: await getChainId(client),
    contract: addresses.paymentChannels,
    currencies: [],
    maxExposure: 0n,
  }
  const claims = await createPayee({ account: client.account, store, accept }).claimable()
  await store.close()
  const states = await Promise.all(claims.map(({ channel }) => getChannelState(client, { channelId: channel.id })))
  return claims.filter((item, index) => {
    const state = states[index]
    return state !== undefined && state.deposit > 0n && paidTotal(item, item.ticks) > state.claimed
  })
}

/** `scrip channels`: what the store and the chain know of one's channels. */
export function channelsCommand(): Command {
  return command('channels', 'list the channels you pay and are paid through').action(
    run(async (options) => {
      const client = await connect(options)
      const store = await openStore(options, client, { readOnly: true }).catch((error: unknown) => {
        if (error instanceof ScripError && error.code === 'STORE_FAILED') return undefined
        throw error
      })
      if (store === undefined) return { lines: ['No channels yet.'], data: { paying: [], earning: [] } }
      const paying = await store.all(payers)
      const earning = await store.all(payees)
      await store.close()
      const line = async (word: string, peer: string, channelId: `0x${string}`, paid: bigint) => {
        const { claimed, deposit, exitAt } = await getChannelState(client, { channelId })
        const exiting = exitAt === 0 ? '' : `, exit at ${new Date(exitAt * 1_000).toISOString()}`
        return `${word} ${peer}: ${paid} paid, ${claimed} claimed, ${deposit} on deposit${exiting}  ${channelId}`
      }
      const paidOf = ({ voucher, tick }: (typeof paying)[number] | (typeof earning)[number]) =>
        voucher === undefined ? 0n : paidTotal(voucher, tick?.count ?? 0)
      const lines = await Promise.all([
        ...paying.map((record) => line('to', record.channel.payee, record.channel.id, paidOf(record))),
        ...earning.map((record) => line('from', record.channel.payer, record.channel.id, paidOf(record))),
      ])
      return {
        lines: lines.length > 0 ? lines : ['No channels yet.'],
        data: {
          paying: paying.map((record) => ({ channel: record.channel, paid: paidOf(record) })),
          earning: earning.map((record) => ({ channel: record.channel, paid: paidOf(record) })),
        },
      }
    }),
  )
}
